"""The channel where incidents are announced: what it shows, and what happens when it takes no messages."""

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Closed, Incident
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store.incidents import incidents
from bot.store.pipelined import Connection

# More than a team ever has open.
OPEN_INCIDENTS = 1000


class Announcements:
    """`channel`: its name without `#`; empty when the runbook names none."""

    def __init__(self, clock: Clock, runbook: Runbook, rooms: Rooms, posts: Posts, rendering: Rendering) -> None:
        self.channel = (runbook.channels.incidents or "").lstrip("#")
        self._clock = clock
        self._rooms = rooms
        self._posts = posts
        self._rendering = rendering

    async def show_open(self, conn: Connection) -> None:
        """Announce every open incident again, now that the channel takes messages."""
        for incident in await incidents.open_ones(conn, OPEN_INCIDENTS):
            await self._rooms.show(conn, incident)

    async def closed(self, conn: Connection, why: Closed) -> None:
        """Report every open incident as not announced."""
        for incident in await incidents.open_ones(conn, OPEN_INCIDENTS):
            await self.not_announced(conn, incident, why)

    async def not_announced(self, conn: Connection, incident: Incident, why: Closed) -> None:
        """Say once per incident, in its room and to its lead, that it is not announced."""
        if incident.private or not incident.is_open:
            return
        facts = {"incident": incident, "channel": f"#{self.channel}", "why": why}
        words = self._rendering.say("documents/not_announced", **facts)
        key = "not announced"
        if await incidents.write_once(
            conn, incident.id, "system", words, actor=TOCSIN.name, at=self._clock.now(), key=key
        ):
            await self._posts.in_room(conn, incident, "not_announced", **facts)
            await self._posts.to_lead(conn, incident, "not_announced", **facts)
