"""Reports of people without Slack: each becomes an alert, and its author reads what has really followed from it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.alerts.alert import GroupStanding
from bot.domain.alerts.report import SOURCE, Report
from bot.domain.errors import Failed, Unreachable
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import ACCEPTED, Page, PageState
from bot.runbook import Runbook
from bot.services.alerts.alerts import Alerts
from bot.services.alerts.declarations import can_be_attached_to
from bot.services.alerts.incidents import AlertIncidents
from bot.services.alerts.settling import AlertSettling
from bot.store.alerts import alerts
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.paging import pages
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

# A page's provider mostly answers within this; whoever has reported waits for no longer.
PAGED_WITHIN_S = 2.0
LOOK_EVERY_S = 0.1

# Many tell of the same trouble: within this a report joins the incident that another one declared, so that one link
# cannot page people again and again. What comes later may be about something else.
JOINED_WITHIN = timedelta(minutes=15)

# `answered`: somebody of the team has acknowledged it. `joined`: it belongs to an incident that began without it, and
# pages nobody. `posted`: it has a card in Slack. `kept`: nobody is told of it
# now. `received`: no more than that is known.
State = Literal["answered", "joined", "paged", "paging", "posted", "kept", "received"]
# What an accepted page makes true goes first.
PAGED_STATES: tuple[tuple[State, frozenset[PageState]], ...] = (
    ("paged", ACCEPTED), ("paging", frozenset({"waiting"})),
)  # fmt: skip


@dataclass(frozen=True)
class Followed:
    """What has followed from a report. `tier`: who was paged, by the runbook's name, None = not known.

    `page_at`: when people are paged unless somebody answers; None = nobody is, or they are already. `since`: of an
    incident that was joined.
    """

    state: State
    tier: str | None = None
    page_at: datetime | None = None
    since: datetime | None = None


class ProblemReports:
    """Raises the alerts; but for an incident that many declare, what becomes of them is decided as for any other."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, received: Alerts, settling: AlertSettling,
        tied: AlertIncidents,
    ) -> None:  # fmt: skip
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._alerts = received
        self._settling = settling
        self._tied = tied

    async def take(self, report: Report) -> None:
        """Once, however often it is sent. Raises Unreachable when it could not be kept, Unanswered when nobody knows.

        The runbook must have `reports`.
        """
        becomes = self._runbook.reports
        assert becomes is not None
        if self._alerts.is_full:
            raise Unreachable("too many alerts wait already")
        earlier = await self._earlier_incident() if becomes.declare else None
        alert = report.alert(becomes.level, None if earlier else becomes.declare)
        await self._alerts.receive(SOURCE, [alert], body=report.as_json(), delivery=report.delivery)
        if earlier:
            await self._join_safely(report, earlier)

    async def followed(self, report: Report) -> Followed:
        """What has followed, as it is now; a page under way is waited for a moment. Raises Failed."""
        deadline = self._clock.elapsed().total_seconds() + PAGED_WITHIN_S
        while (found := await self._look(report)).state == "paging":
            if self._clock.elapsed().total_seconds() >= deadline:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        return found

    async def _earlier_incident(self) -> Incident | None:
        """The newest open one that a report declared a short while ago."""
        since = self._clock.now() - JOINED_WITHIN
        async with self._db.statement() as conn:
            found = await incidents.open_ones(conn)
        known = [one for one in found if one.origin.get("alert", {}).get("source") == SOURCE]
        joined = [one for one in known if one.declared_at > since and can_be_attached_to(one)]
        return max(joined, key=lambda one: one.id, default=None)

    async def _join_safely(self, report: Report, earlier: Incident) -> None:
        """The report is stored, and has its card, whatever becomes of this."""
        try:
            async with self._db.transaction() as conn:
                for group_id in await alerts.last_groups(conn, SOURCE, [report.fingerprint]):
                    await self._join(conn, group_id, earlier.id)
        except Failed as error:
            log.warning("report: not attached to %s: %s", earlier.ref, error)

    async def _join(self, conn: Connection, group_id: int, incident_id: int) -> None:
        standing = await alerts.lock(conn, group_id)
        if standing is None or standing.group.closed_at or standing.incident:
            return
        incident = await incidents.lock(conn, incident_id)
        if incident.is_open:
            await self._settling.settle(conn, await self._tied.attach(conn, standing, incident, TOCSIN))

    async def _look(self, report: Report) -> Followed:
        async with self._db.transaction() as conn:
            standing: GroupStanding | None = None
            for group_id in await alerts.last_groups(conn, SOURCE, [report.fingerprint]):
                standing = await alerts.standing(conn, group_id)
            if standing is None:
                return Followed("kept")
            incident = standing.incident
            paged = await pages.of_incident(conn, incident.id) if incident else []
        if (incident and incident.is_acknowledged) or standing.group.acknowledged_by:
            return Followed("answered")
        if incident and incident.origin.get("alert", {}).get("key") != standing.group.key:
            return Followed("joined", since=incident.declared_at)
        return self._paged(paged) or self._told(standing)

    def _paged(self, paged: Sequence[Page]) -> Followed | None:
        """None: nobody has been paged, and nobody is about to be."""
        for state, wanted in PAGED_STATES:
            for page in paged:
                if page.state in wanted:
                    tier = self._runbook.tiers.get(page.tier or "")
                    return Followed(state, tier.name if tier else None)
        return None

    def _told(self, standing: GroupStanding) -> Followed:
        return Followed("posted" if "slack" in standing.group.told else "kept", page_at=standing.group.page_at)
