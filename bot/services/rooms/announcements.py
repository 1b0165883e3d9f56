"""The channel where incidents are announced: what it shows, and what is said when it takes no messages."""

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
    """`channel` is its name without the `#`; empty when the runbook names none."""

    def __init__(self, clock: Clock, runbook: Runbook, rooms: Rooms, posts: Posts, rendering: Rendering) -> None:
        self.channel = (runbook.channels.incidents or "").lstrip("#")
        self._clock = clock
        self._rooms = rooms
        self._posts = posts
        self._rendering = rendering

    async def show_open(self, conn: Connection) -> None:
        """It takes messages again: every open incident is shown there."""
        for incident in await incidents.open_ones(conn, OPEN_INCIDENTS):
            await self._rooms.show(conn, incident)

    async def closed(self, conn: Connection, why: Closed) -> None:
        """It takes no messages any more: no open incident is announced."""
        for incident in await incidents.open_ones(conn, OPEN_INCIDENTS):
            await self.not_announced(conn, incident, why)

    async def not_announced(self, conn: Connection, incident: Incident, why: Closed) -> None:
        """Said once for each incident, in its room and to who leads it."""
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
