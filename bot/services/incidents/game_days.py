"""Game days: a drill whose room receives a scenario's injects on schedule, and a short report at the end."""

from dataclasses import dataclass
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.incidents.incident import Incident
from bot.domain.paging.game_day import report_of
from bot.runbook import Runbook
from bot.scenarios import Shelf, told_in
from bot.services.incidents.declarations import Declarations
from bot.services.incidents.rounds import IncidentRound
from bot.services.rooms.deeds import Moment
from bot.services.rooms.posts import Posts
from bot.store.database import Database
from bot.store.incidents import deadlines, incidents, injects
from bot.store.incidents.injects import Inject
from bot.store.paging import pages
from bot.store.pipelined import Connection


@dataclass(frozen=True)
class GameDay:
    """A drill with a scenario. `until`: the time of the last inject; None: it has none."""

    incident: Incident
    scenario: str
    injects: int
    until: datetime | None


class GameDays(IncidentRound):
    """Only injects are posted; what the script's people would do is left to those in the room."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, declarations: Declarations, shelf: Shelf, posts: Posts
    ) -> None:
        super().__init__(db, clock, injects.ROWS)
        self._runbook = runbook
        self._declarations = declarations
        self._shelf = shelf
        self._posts = posts
        # Reads a title: `asked_for(title)` returns its remainder and the scenario name for `declare`. Raises NotFound.
        self.asked_for = shelf.asked_for

    async def declare(self, actor: Actor, title: str, name: str, *, severity: str | None) -> GameDay:
        """Open a drill with this scenario, whose title is the default. Idempotent per request.

        Raises RunbookMistakes when the scenario file cannot be used.
        """
        scenario = self._shelf.scenario(name)
        async with self._db.transaction() as conn:
            incident = await self._declarations.declare_within(
                conn, actor, title or scenario.title, severity=severity, drill=True, origin={"scenario": name}
            )
            begins = incident.declared_at
            drawn_up = [
                Inject(incident.id, number, told.kind, told.text, begins, begins + told.after)
                for number, told in enumerate(told_in(scenario), 1)
            ]
            for inject in drawn_up:
                await injects.add(conn, inject)
        return GameDay(incident, name, len(drawn_up), drawn_up[-1].due_at if drawn_up else None)

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        every = await injects.of_incident(conn, incident.id)
        for inject in every:
            if inject.due_at is None or inject.due_at > now:
                continue
            await injects.came(conn, inject, now)
            await self._posts.in_room(conn, incident, "inject", inject=inject, count=len(every))
            words = f"Inject {inject.number} of {len(every)}: {inject.text}"
            await incidents.write(conn, incident.id, "system", words, actor=TOCSIN.name, at=now)

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        if moment == "resolved" and incident.drill and "scenario" in incident.origin:
            await injects.stop(conn, incident.id)
            await self._report(conn, incident)

    async def _report(self, conn: Connection, incident: Incident) -> None:
        report = report_of(
            incident,
            incident.resolved_at or self._clock.now(),
            await incidents.timeline(conn, incident.id),
            await pages.of_incident(conn, incident.id),
            await deadlines.of_incident(conn, incident.id),
            self._runbook.severity_as_declared(incident.severity).update_every,
        )
        every = await injects.of_incident(conn, incident.id)
        came = [inject for inject in every if inject.came_at]
        await self._posts.in_room(conn, incident, "game_day", report=report, came=came, injects=every)
