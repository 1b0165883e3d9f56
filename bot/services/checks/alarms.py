"""Turns a failing check into an alert, which gets a card, notifications and pages like any other."""

from datetime import datetime

from bot.domain.alerts.received import ReceivedAlert
from bot.domain.checks.check import Belief, ProbeResult, has_pace, level_of, looks_to_recover
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.runbook.health import Check
from bot.services.alerts.alerts import Alerts
from bot.services.checks.probing import Looking
from bot.store.pipelined import Connection

SOURCE = "health"


class CheckAlarms:
    """Each check is one alert, raised, changed and ended in the transaction that changes the check's state."""

    def __init__(self, runbook: Runbook, alerts: Alerts, looking: Looking, rendering: Rendering) -> None:
        self._runbook = runbook
        self._alerts = alerts
        self._looking = looking
        self._rendering = rendering

    async def turn(
        self, conn: Connection, check: Check, belief: Belief, finding: ProbeResult, *, since: datetime
    ) -> None:
        """Raise, change or end the alert after a state change. `since`: the first look that found the new state."""
        alert = _over(check.key) if belief.state == "healthy" else self._alert(check, belief, finding, since)
        await self._alerts.receive_within(conn, SOURCE, [alert])

    async def end(self, conn: Connection, names: list[str]) -> None:
        """End the alerts of checks that have left the runbook."""
        await self._alerts.receive_within(conn, SOURCE, [_over(name) for name in names])

    def _alert(self, check: Check, belief: Belief, finding: ProbeResult, since: datetime) -> ReceivedAlert:
        facts = {
            "belief": belief,
            "finding": finding,
            "has_pace": has_pace(check.kind),
            "since": since,
            "expects": self._looking.expects(check),
            "steady": looks_to_recover(belief, self._runbook.health.fails_after),
        }
        return ReceivedAlert(
            title=self._rendering.say("documents/check_title", name=check.key, belief=belief, reason=finding.reason),
            firing=True,
            fingerprint=check.key,
            description=self._rendering.say("documents/check_found", **facts),
            labels={"check": check.key},
            level=level_of(belief, check.level),
            declare=check.declare if belief.state == "down" else None,
            procedure=self._procedure(check),
        )

    def _procedure(self, check: Check) -> str | None:
        """The key of the check's procedure: the one it names, otherwise one with the same key as the check."""
        return check.procedure or (check.key if check.key in self._runbook.procedures else None)


def _over(name: str) -> ReceivedAlert:
    return ReceivedAlert(name, False, name)
