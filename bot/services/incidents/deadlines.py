"""A severity's time targets: shown while they run, warned of before they end, recorded when missed."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.deadline import Deadline, DeadlineKind, Within, ends_of, judge
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.runbook import Runbook, Severity
from bot.services.incidents.rounds import IncidentRound
from bot.services.rooms.cards import Cards
from bot.services.rooms.deeds import Moment
from bot.services.rooms.posts import Posts
from bot.store.database import Database
from bot.store.incidents import deadlines, incidents
from bot.store.pipelined import Connection

# Messages this close together are read as one.
SAME_TIME = timedelta(minutes=1)


class Deadlines(IncidentRound):
    """Targets count from the declaration, and start over when the incident is reopened or its severity raised."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, posts: Posts, cards: Cards, rendering: Rendering
    ) -> None:
        super().__init__(db, clock, deadlines.ROWS)
        self._runbook = runbook
        self._posts = posts
        self._cards = cards
        self._rendering = rendering

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        if moment not in ("declared", "reopened", "severity"):
            return
        before = await deadlines.of_incident(conn, incident.id) if moment == "severity" else {}
        severity = self._runbook.severity_as_declared(incident.severity)
        within: dict[DeadlineKind, Within | None] = {
            "respond": severity.respond_within,
            "resolve": severity.resolve_within,
        }
        for kind, span in within.items():
            if kind == "respond" and incident.is_acknowledged:
                continue
            if kind in before:
                await deadlines.end(conn, incident.id, [kind], self._clock.now())
            if span is None:
                await deadlines.forget(conn, incident.id, kind)
                continue
            since = self._since(before.get(kind), severity)
            await deadlines.save(conn, self._made(incident, kind, severity, since, span))

    def _made(
        self, incident: Incident, kind: DeadlineKind, severity: Severity, since: datetime, promised: Within
    ) -> Deadline:
        at_work = severity.paged == "working_hours"
        by, warned_at = ends_of(since, promised, self._runbook.hours, at_work=at_work)
        within = promised if isinstance(promised, timedelta) else None
        return Deadline(incident.id, kind, severity.id, since, within, by, warned_at, warned_at, at_work=at_work)

    def _since(self, before: Deadline | None, severity: Severity) -> datetime:
        """Start of the target; lowering the severity does not restart it."""
        now = self._clock.now()
        ranks = [one.id for one in self._runbook.severities]
        raised = before and before.severity in ranks and ranks.index(severity.id) < ranks.index(before.severity)
        return now if before is None or raised else before.since

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        for deadline in (await deadlines.of_incident(conn, incident.id)).values():
            if deadline.due_at is not None and deadline.due_at <= now:
                await self._look(conn, incident, deadline, now)

    async def _look(self, conn: Connection, incident: Incident, deadline: Deadline, now: datetime) -> None:
        verdict = judge(deadline, incident, now)
        decided = verdict in ("kept", "missed")
        missed_at = deadline.by if verdict == "missed" else None
        seen = replace(deadline, due_at=None if decided else deadline.by, missed_at=missed_at)
        await deadlines.save(conn, seen)
        facts = {"deadline": seen, "incident": incident, "left": deadline.by - now}
        if verdict == "near":
            await self._posts.in_room(conn, incident, "deadline_near", **facts)
        elif verdict == "missed":
            await self._missed(conn, incident, seen, now)
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)

    async def _missed(self, conn: Connection, incident: Incident, deadline: Deadline, now: datetime) -> None:
        words = self._rendering.say("documents/deadline_missed", deadline=deadline)
        once = f"missed {deadline.kind} {deadline.since.isoformat()}"
        if not await incidents.write_once(conn, incident.id, "system", words, actor=TOCSIN.name, at=now, key=once):
            return
        paging_says_it = deadline.kind == "respond" and await deadlines.is_said_by_paging(
            conn, incident.id, by=deadline.by, until=deadline.by + SAME_TIME, now=now
        )
        # The card shows the missed target either way.
        if not paging_says_it:
            await self._posts.in_room(conn, incident, "deadline_missed", deadline=deadline, incident=incident)
