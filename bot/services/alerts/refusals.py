"""Alerts refused at the door: senders rarely check the answer, so people here are told."""

import logging
import time
from dataclasses import dataclass

from bot.domain.alerts.alert import NOT_UNDERSTOOD
from bot.domain.alerts.received import ReceivedAlert
from bot.domain.errors import Failed
from bot.domain.text import cut, plain_line
from bot.logs import Seldom
from bot.metrics import Metrics
from bot.rendering import Rendering
from bot.services.alerts.alerts import Alerts
from bot.wire.timeouts import TimeLimit

log = logging.getLogger(__name__)

SOURCE = "system"
# Each of these loses alerts: senders take them as final and do not retry.
WORTH_AN_ALERT = (401, 413)
# A sender without a token must not be able to flood the channel or the database.
TOLD_EVERY_S = 60.0
KNOWN_TO_BE_WELL_FOR_S = 600.0
MOST_SENDERS = 1_000
TIMEOUT_S = 2.0
PROGRAM_LENGTH = 80


@dataclass(frozen=True)
class Sender:
    """A sender of alerts: its address, and what it calls itself.

    `secret`: the environment variable with its signing secret; None: its system does not sign.
    """

    source: str
    address: str
    program: str
    secret: str | None = None

    @property
    def shown(self) -> str:
        program = cut(plain_line(self.program), PROGRAM_LENGTH)
        return f"{self.address} ({program})" if program else self.address


class AlertRefusals:
    """Counts refusals, and keeps one alert of source `system` for each sender whose alerts are lost."""

    def __init__(self, alerts: Alerts, rendering: Rendering, metrics: Metrics) -> None:
        self._alerts = alerts
        self._rendering = rendering
        self._metrics = metrics
        self._time_limit = TimeLimit(TIMEOUT_S)
        self._told_at_s = float("-inf")
        self._said: dict[tuple[str, int], Seldom] = {}
        # When each sender's last accepted delivery was.
        self._well: dict[tuple[str, str], float] = {}

    async def refused(self, sender: Sender, status: int, why: str) -> None:
        """Never fails, never blocks for long. Logs once a minute for each source and status."""
        self._metrics.alerts_refused(sender.source, status)
        said = self._said.setdefault((sender.source, status), Seldom(log))
        said.warn(f"source={sender.source} status={status} sender={sender.shown} alerts refused{': ' * bool(why)}{why}")
        now_s = time.monotonic()
        if status not in WORTH_AN_ALERT or now_s - self._told_at_s < TOLD_EVERY_S:
            return
        self._told_at_s = now_s
        self._well.pop((sender.source, sender.address), None)
        facts = {"sender": sender, "status": status}
        alert = ReceivedAlert(
            title=self._rendering.say("documents/refused_title", **facts),
            firing=True,
            fingerprint=_fingerprint(sender, status),
            description=self._rendering.say("documents/refused", **facts),
            labels={"source": sender.source, "status": str(status), "sender": sender.address},
            group=f"refused {sender.source}",
            level="high",
        )
        await self._tell(alert)

    async def taken(self, sender: Sender) -> None:
        """End the alert about a token, now accepted. One about a large body stays: the next may be too large again."""
        who, now_s = (sender.source, sender.address), time.monotonic()
        if now_s - self._well.get(who, float("-inf")) < KNOWN_TO_BE_WELL_FOR_S:
            return
        if len(self._well) >= MOST_SENDERS:
            self._well.clear()
        self._well[who] = now_s
        await self._tell(ReceivedAlert(sender.source, False, _fingerprint(sender, 401)))

    async def not_understood(self, source: str, why: str, body: bytes) -> None:
        """Store an unparseable body as an alert of its source, for a person to look at. Raises Unreachable."""
        facts = {"source": source, "why": why}
        alert = ReceivedAlert(
            title=self._rendering.say("documents/not_understood_title", **facts),
            firing=True,
            fingerprint=NOT_UNDERSTOOD,
            description=self._rendering.say("documents/not_understood", **facts),
            level="medium",
        )
        await self._alerts.receive(source, [alert], body=body)

    async def _tell(self, alert: ReceivedAlert) -> None:
        try:
            await self._time_limit.wait_for(self._keep(alert))
        except Failed as error:
            log.warning("refused alerts could not be reported: %s", error)

    async def _keep(self, alert: ReceivedAlert) -> None:
        async with self._alerts.taking() as conn:
            await self._alerts.receive_within(conn, SOURCE, [alert])


def _fingerprint(sender: Sender, status: int) -> str:
    return f"{sender.source} {status} {sender.address}"
