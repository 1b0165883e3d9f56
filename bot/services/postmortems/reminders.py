"""Reminders of an overdue post-mortem: to its owner daily, later weekly; after two, others are asked to step in."""

from dataclasses import replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.postmortem import Postmortem
from bot.runbook import Runbook
from bot.services.incidents.rounds import IncidentRound
from bot.services.postmortems.cards import buttons
from bot.services.postmortems.ledger import LATE
from bot.services.rooms.members import Members
from bot.services.rooms.posts import Posts
from bot.services.rooms.prompts import Prompts
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems


class PostmortemReminders(IncidentRound):
    """Posted in the incident's room, in working hours."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, members: Members, prompts: Prompts, posts: Posts
    ) -> None:
        super().__init__(db, clock, postmortems.ROWS)
        self._members = members
        self._runbook = runbook
        self._prompts = prompts
        self._posts = posts

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        known = await postmortems.get(conn, incident.id)
        if known is None or known.due_at is None or known.due_at > now:
            return
        late = known.overdue(now)
        if late:
            known = replace(known, asked=known.asked + 1)
            await self._remind(conn, incident, known, now)
        await postmortems.save(conn, known.planned(now, self._runbook.hours))

    async def _remind(self, conn: Connection, incident: Incident, known: Postmortem, now: datetime) -> None:
        others = await self._others(conn, incident, known.owner, now) if known.is_escalated else []
        facts = {"incident": incident, "postmortem": known, "late": known.overdue(now), "now": now, "others": others}
        await self._prompts.ask(conn, incident, LATE, "postmortem_late", buttons(known), **facts)
        # They may not be in the room, where the mention wouldn't reach them.
        for who in others:
            await self._posts.to_person(conn, who, "postmortem_late", asks=False, **facts)

    async def _others(self, conn: Connection, incident: Incident, owner: str, now: datetime) -> list[str]:
        """Who is on call in the tier that leads, without the owner. For a private incident, only its members."""
        return [who for who in await self._members.leading(conn, incident, now) if who != owner]
