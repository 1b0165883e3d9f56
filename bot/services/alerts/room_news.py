"""An incident's alerts, told in its room and written in its timeline."""

from typing import Literal

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.alerts.alert import GroupStanding
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.runbook.procedures import Procedure
from bot.services.rooms.posts import Posts
from bot.services.rooms.prompts import Prompts
from bot.slack.blocks import Button
from bot.store.incidents import incidents
from bot.store.pipelined import Connection

# Why an alert has an incident: its rule, nobody answered, a person declared or attached it, or it had it before.
Why = Literal["rule", "unacknowledged", "declared", "attached", "again"]


class AlertRoomNews:
    """Within the transaction that locked the alert group."""

    def __init__(self, clock: Clock, posts: Posts, prompts: Prompts, rendering: Rendering) -> None:
        self._clock = clock
        self._posts = posts
        self._prompts = prompts
        self._rendering = rendering

    def title(self, standing: GroupStanding) -> str:
        return self._rendering.say("documents/alert_title", standing=standing)

    async def write(
        self,
        conn: Connection,
        standing: GroupStanding,
        incident: Incident,
        actor: Actor,
        what: Why | Literal["over", "closed"],
    ) -> None:
        """In the timeline."""
        words = self._rendering.say("documents/alert_entry", standing=standing, title=self.title(standing), what=what)
        key = f"alert {standing.group.id} {what}"
        now = self._clock.now()
        await incidents.write(conn, incident.id, "system", words, actor=actor.name, at=now, key=key)

    async def tied(
        self,
        conn: Connection,
        standing: GroupStanding,
        incident: Incident,
        actor: Actor,
        why: Why,
        procedure: Procedure | None,
    ) -> None:
        """`procedure`: one to ask about; None: there is none, or it is open."""
        facts = {"standing": standing, "title": self.title(standing), "why": why, "actor": actor.name}
        if procedure is None:
            await self._posts.in_room(conn, incident, "alert_tied", procedure=None, **facts)
            return
        await incidents.lock(conn, incident.id)
        opens = Button("Runbook", "procedure.open", f"{incident.id} {procedure.key}")
        about = f"procedure {procedure.key}"
        await self._prompts.ask(conn, incident, about, "alert_tied", [opens], procedure=procedure, **facts)

    async def came_back(self, conn: Connection, standing: GroupStanding, incident: Incident) -> None:
        """Ask once after each end whether to reopen the incident, which is locked and resolved."""
        title, ended_at = self.title(standing), incident.resolved_at
        words, now = self.back_again(standing), self._clock.now()
        key = f"alert {standing.group.id} came back {ended_at and ended_at.timestamp():.0f}"
        if await incidents.write_once(conn, incident.id, "system", words, actor=TOCSIN.name, at=now, key=key):
            reopen = [Button("Reopen", "incident.reopen", str(incident.id))]
            await self._prompts.ask(conn, incident, "end", "came_back", reopen, incident=incident, title=title)

    def back_again(self, standing: GroupStanding) -> str:
        """The reason for reopening the incident."""
        return self._rendering.say("documents/came_back", title=self.title(standing))

    async def over(
        self, conn: Connection, standing: GroupStanding, incident: Incident, by: Actor | None = None
    ) -> None:
        """`by`: who has closed the alert by hand; None = it ended."""
        await self.write(conn, standing, incident, by or TOCSIN, "closed" if by else "over")
        facts = {"title": self.title(standing), "standing": standing, "by": by.name if by else None}
        await self._posts.in_room(conn, incident, "alert_over", **facts)
