"""Channels that were archived, or that the bot was put out of: known, said where it matters, and caught up later."""

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Closed, Incident
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import DeliveryKind
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.rooms import closures


class Closures(DeliveryKind):
    """Deliveries of kind `closure`: what Slack has answered to a post. What it tells by itself comes in as a deed."""

    way = "house"

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, rooms: Rooms, posts: Posts, rendering: Rendering
    ) -> None:
        self._db = db
        self._clock = clock
        self._announced_in = (runbook.channels.incidents or "").lstrip("#")
        self._rooms = rooms
        self._posts = posts
        self._rendering = rendering

    async def send(self, delivery: Delivery) -> str | None:
        channel, why = delivery.payload["channel"], delivery.payload["why"]
        async with self._db.transaction() as conn:
            await self._set(conn, channel, why, certain=True)
            prefix, _, subject = delivery.payload["card"].partition(":")
            if prefix == "announcement":
                await self._not_announced(conn, await incidents.get(conn, int(subject)), why)
        return None

    async def is_closed(self, channel: str) -> bool:
        """Is it known to take no messages? False of any channel that is none of ours."""
        async with self._db.statement() as conn:
            return await closures.is_closed(conn, channel)

    async def closed(self, channel: str, why: Closed, *, certain: bool = False) -> None:
        """Slack tells it. What is not `certain` leaves another reason: who archives a channel puts the bot out too."""
        async with self._db.transaction() as conn:
            await self._set(conn, channel, why, certain=certain)

    async def opened(self, channel: str) -> None:
        """It takes messages again: its cards show what is true now. Nothing happens when it was never closed."""
        async with self._db.transaction() as conn:
            await self._set(conn, channel, None, certain=True)

    async def _set(self, conn: Connection, channel: str, why: Closed | None, *, certain: bool) -> None:
        for incident in await closures.set_rooms(conn, channel, why, certain=certain):
            await self._rooms.show(conn, incident)
            if why and incident.is_open:
                await self._posts.to_lead(conn, incident, "room_closed", incident=incident)
        if self._announced_in not in await closures.set_channels(conn, channel, why, certain=certain):
            return
        for incident in await incidents.open_ones(conn, 1000):
            if why:
                await self._not_announced(conn, incident, why)
            else:
                await self._rooms.show(conn, incident)

    async def _not_announced(self, conn: Connection, incident: Incident, why: Closed) -> None:
        """Said once for each incident, in its room and to who leads it."""
        if incident.private or not incident.is_open:
            return
        facts = {"incident": incident, "channel": f"#{self._announced_in}", "why": why}
        words = self._rendering.say("documents/not_announced", **facts)
        key = "not announced"
        if await incidents.write_once(
            conn, incident.id, "system", words, actor=TOCSIN.name, at=self._clock.now(), key=key
        ):
            await self._posts.in_room(conn, incident, "not_announced", **facts)
            await self._posts.to_lead(conn, incident, "not_announced", **facts)
