"""The tie between alerts and incidents: an alert declares or joins one, and its end is told in the room."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.alerts.alert import GroupStanding
from bot.domain.alerts.received import LEVELS
from bot.domain.alerts.report import SOURCE as REPORTS
from bot.domain.incidents.incident import Incident
from bot.domain.incidents.milestones import first_alert
from bot.domain.procedures.fitting import Sign, named_by
from bot.runbook import Runbook, Severity
from bot.runbook.procedures import Procedure
from bot.services.alerts.room_news import AlertRoomNews, Why
from bot.services.incidents.declarations import Declarations
from bot.services.rooms.cards import Cards
from bot.services.rooms.deeds import Moment
from bot.store.alerts import alerts
from bot.store.incidents import incidents as stored
from bot.store.pipelined import Connection

# A problem report this soon after an incident declared by another joins that one, so that a shared form link cannot
# page people repeatedly. Later ones may be about something else.
JOINED_WITHIN = timedelta(minutes=15)

# Limit of a card's alerts searched for a procedure.
LOOKED_THROUGH = 200


class Opening(Protocol):
    """Opens the procedure of its alert in an incident's room. False: ask people about it first."""

    async def offer(self, conn: Connection, incident: Incident, procedure: Procedure) -> bool: ...


class Reopening(Protocol):
    """Reopens an incident that is locked."""

    async def reopen_within(
        self, conn: Connection, incident: Incident, actor: Actor, why: str, now: datetime
    ) -> Incident: ...


class AlertIncidents:
    """Every method runs inside a larger transaction: the caller has the group locked, and saves what is returned."""

    def __init__(
        self,
        clock: Clock,
        runbook: Runbook,
        declarations: Declarations,
        news: AlertRoomNews,
        cards: Cards,
    ) -> None:
        self._clock = clock
        self._runbook = runbook
        self._declarations = declarations
        self._news = news
        self._cards = cards
        self._opening: Opening | None = None
        self._reopening: Reopening | None = None

    def opens_by(self, opening: Opening) -> None:
        self._opening = opening

    def reopens_by(self, reopening: Reopening) -> None:
        self._reopening = reopening

    async def declare(
        self, conn: Connection, standing: GroupStanding, actor: Actor, why: Why, *, severity: str | None = None
    ) -> GroupStanding:
        """Declare an incident titled after the alert; `severity` None: the runbook's default. Raises Refused.

        Problem reports close together share one incident. A critical unacknowledged alert pages at once, even at a
        severity paged only in working hours.
        """
        if why == "rule" and standing.group.source == REPORTS and (earlier := await self._of_reports(conn)):
            return await self._tie(conn, standing, earlier, actor, "attached")
        origin = {"alert": {"source": standing.group.source, "key": standing.group.key}}
        incident = await self._declarations.declare_within(
            conn, actor, self.title(standing), severity=severity, origin=origin, at_once=why == "unacknowledged"
        )
        return await self._tie(conn, standing, incident, actor, why)

    async def _of_reports(self, conn: Connection) -> Incident | None:
        """The newest open incident recently declared by a problem report. Takes a lock, so that concurrent reports
        queue up."""
        await alerts.wait_for_reports(conn)
        now = self._clock.now()
        known = [one for one in await stored.open_ones(conn) if one.origin.get("alert", {}).get("source") == REPORTS]
        return max(
            (one for one in known if now - JOINED_WITHIN < one.declared_at), key=lambda one: one.id, default=None
        )

    async def attach(
        self, conn: Connection, standing: GroupStanding, incident: Incident, actor: Actor, why: Why = "attached"
    ) -> GroupStanding:
        return await self._tie(conn, standing, incident, actor, why)

    async def rejoin(self, conn: Connection, standing: GroupStanding, incident_id: int) -> GroupStanding:
        """Attach to the open incident one of these alerts belonged to when it fired before."""
        incident = await stored.get(conn, incident_id)
        return await self._tie(conn, standing, incident, TOCSIN, "again")

    async def came_back(self, conn: Connection, standing: GroupStanding, incident_id: int, *, reopens: bool) -> bool:
        """The alert is back although its incident, still watched, has ended. True if that is open (again); else its
        room is asked, once."""
        incident, now = await stored.lock(conn, incident_id), self._clock.now()
        if incident.is_open:
            return True
        if reopens and self._reopening:
            await self._reopening.reopen_within(conn, incident, TOCSIN, self._news.back_again(standing), now)
            return True
        await self._news.came_back(conn, standing, incident)
        return False

    async def tell_over(self, conn: Connection, standing: GroupStanding, by: Actor | None = None) -> None:
        """Tell the open incident that the alert is over; the incident stays open until a person resolves it.

        `by`: who closed the alert by hand; None: it ended.
        """
        if standing.incident and standing.incident.is_open:
            await self._news.over(conn, standing, standing.incident, by)

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        """Repaint the cards of its alerts, which show the incident's state."""
        await self.repaint(conn, incident.id)

    async def repaint(self, conn: Connection, incident_id: int) -> None:
        """They also link to its room."""
        for group_id in await alerts.groups_of_incident(conn, incident_id):
            await self._cards.touch(conn, f"alert:{group_id}")

    def title(self, standing: GroupStanding) -> str:
        return self._news.title(standing)

    def procedure(self, standing: GroupStanding) -> Procedure | None:
        """The procedure for it: named by its rule, naming the alert, or linked by it."""
        known = self._runbook.procedures
        alerts = standing.gravest_first[:LOOKED_THROUGH]
        signs = (Sign(one.title, one.labels, one.procedure, one.runbook_url) for one in alerts)
        found = (named_by(sign, known) for sign in signs) if known else ()
        return next((known[key] for key in found if key), None)

    @property
    def paged_first(self) -> str:
        """The name of the tier paged for unacknowledged alerts."""
        return self._runbook.tiers[self._runbook.default_severity.escalation.steps[0].page].name

    def severity(self, standing: GroupStanding) -> Severity:
        """The severity for `Declare incident`: that of a rule, else the one at the same relative rank as the level."""
        severities = self._runbook.severities
        named = next((one for one in severities if one.id == standing.declares), None)
        rank = LEVELS.index(standing.level) * (len(severities) - 1) / (len(LEVELS) - 1)
        return named or severities[round(rank)]

    async def _tie(
        self, conn: Connection, standing: GroupStanding, incident: Incident, actor: Actor, why: Why
    ) -> GroupStanding:
        await self._news.write(conn, standing, incident, actor, why)
        if earlier := first_alert((alert.first_at for alert in standing.alerts), incident.declared_at):
            await stored.note_alert(conn, incident.id, earlier)
        procedure = self.procedure(standing)
        is_asked = procedure and self._opening and not await self._opening.offer(conn, incident, procedure)
        await self._news.tied(conn, standing, incident, actor, why, procedure if is_asked else None)
        return replace(standing, group=replace(standing.group, incident_id=incident.id), incident=incident)
