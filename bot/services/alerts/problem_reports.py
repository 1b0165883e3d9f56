"""Problem reports from the public form: each becomes an alert, and its author is told what has actually followed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.clock import Clock
from bot.domain.alerts.alert import GroupStanding
from bot.domain.alerts.report import SOURCE, Report
from bot.domain.errors import Unreachable
from bot.domain.paging.page import ACCEPTED, Page, PageState
from bot.runbook import Runbook
from bot.services.alerts.alerts import Alerts
from bot.store.alerts import alerts
from bot.store.database import Database
from bot.store.paging import pages

# How long the author waits for a page under way; providers usually answer within it.
PAGED_WITHIN_S = 2.0
LOOK_EVERY_S = 0.1

# `over`: the problem has ended. `answered`: somebody has acknowledged. `joined`: it joined an incident begun without
# it, and pages nobody. `posted`: its card is on its way to Slack. `kept`: nobody is told for now. `received`: nothing
# more is known.
State = Literal["over", "answered", "joined", "paged", "paging", "posted", "kept", "received"]
# An accepted page takes precedence.
PAGED_STATES: tuple[tuple[State, frozenset[PageState]], ...] = (
    ("paged", ACCEPTED), ("paging", frozenset({"waiting"})),
)  # fmt: skip


@dataclass(frozen=True)
class Followed:
    """What has followed from a report. `tier`: name of the tier paged; None: unknown.

    `page_at`: when people will be paged unless somebody answers; None: nobody will, or they have been. `since`: when
    the incident joined was declared.
    """

    state: State
    tier: str | None = None
    page_at: datetime | None = None
    since: datetime | None = None


class ProblemReports:
    """Raises the alerts; they are then handled like any other."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, received: Alerts) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._alerts = received

    async def take(self, report: Report) -> None:
        """Store it; idempotent. Raises Unreachable when it was not stored, Unanswered when that is unknown.

        The runbook must have `reports`.
        """
        becomes = self._runbook.reports
        assert becomes is not None
        if self._alerts.is_full:
            raise Unreachable("too many alerts wait already")
        alert = report.alert(becomes.level, becomes.declare)
        await self._alerts.receive(SOURCE, [alert], body=report.as_json(), delivery=report.delivery)

    async def followed(self, report: Report) -> Followed:
        """What has followed so far; waits a moment for a page under way. Raises Failed."""
        deadline = self._clock.elapsed().total_seconds() + PAGED_WITHIN_S
        while (found := await self._look(report)).state == "paging":
            if self._clock.elapsed().total_seconds() >= deadline:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        return found

    async def _look(self, report: Report) -> Followed:
        async with self._db.transaction() as conn:
            standing: GroupStanding | None = None
            for group_id in await alerts.last_groups(conn, SOURCE, [report.fingerprint]):
                standing = await alerts.standing(conn, group_id)
            if standing is None:
                return Followed("kept")
            incident = standing.incident
            paged = await pages.of_incident(conn, incident.id) if incident else []
        if standing.group.closed_at or (incident and not incident.is_open):
            return Followed("over")
        if (incident and incident.is_acknowledged) or standing.group.acknowledged_by:
            return Followed("answered")
        if incident and incident.origin.get("alert", {}).get("key") != standing.group.key:
            return Followed("joined", since=incident.declared_at)
        return self._paged(paged) or self._told(standing)

    def _paged(self, paged: Sequence[Page]) -> Followed | None:
        """Who was paged, or is about to be; None: nobody."""
        for state, wanted in PAGED_STATES:
            for page in paged:
                if page.state in wanted:
                    tier = self._runbook.tiers.get(page.tier or "")
                    return Followed(state, tier.name if tier else None)
        return None

    def _told(self, standing: GroupStanding) -> Followed:
        return Followed("posted" if "slack" in standing.group.told else "kept", page_at=standing.group.page_at)
