"""Reports in the timeline and room that an update has left, or could not."""

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import Update, UpdateDelivery
from bot.rendering import Rendering
from bot.services.rooms.posts import Posts
from bot.services.updates import subjects
from bot.store.pipelined import Connection
from bot.store.updates import updates


class PublicationNews:
    def __init__(self, clock: Clock, rendering: Rendering, posts: Posts) -> None:
        self._clock = clock
        self._rendering = rendering
        self._posts = posts

    async def told(self, conn: Connection, update: Update, one: UpdateDelivery) -> None:
        """Once per outlet, when it has accepted the first of its addresses."""
        words = self._rendering.say("documents/told", update=update, via=one.via)
        await self._write(conn, update, "told", words, update.author, f"update {update.id} {one.via}")

    async def not_told(self, conn: Connection, update: Update, one: UpdateDelivery, error: str) -> None:
        words = self._rendering.say("documents/not_told", update=update, delivery=one, error=error)
        await self._write(conn, update, "system", words, TOCSIN.name, f"update delivery {one.id} lost")

    async def warn(self, conn: Connection, incident: Incident, update: Update, one: UpdateDelivery) -> None:
        """Ask the lead to act, once per update and outlet. The incident must be locked."""
        if await updates.is_first_lost(conn, one):
            others = len(await updates.deliveries(conn, update.id)) > 1
            facts = {"incident": incident, "update": update, "delivery": one, "others": others}
            await self._posts.in_room(conn, incident, "update_lost", **facts)

    async def stopped(self, conn: Connection, incident: Incident, update: Update, why: str) -> None:
        """Tell the lead, once per update, that nobody else gets these words. The incident must be locked."""
        if await updates.is_stopped_once(conn, update.id, why):
            deliveries = await updates.deliveries(conn, update.id)
            got = [one for one in deliveries if one.state == "accepted" or one.unsure]
            words = self._rendering.say("documents/stopped", update=update, why=why, got=got)
            await self._write(conn, update, "system", words, TOCSIN.name, f"update {update.id} stopped: {why}")
            facts = {"incident": incident, "update": update, "why": why, "got": got}
            await self._posts.in_room(conn, incident, "update_stopped", **facts)

    async def _write(self, conn: Connection, update: Update, kind: str, words: str, actor: str, key: str) -> None:
        await subjects.write(conn, update, kind, words, actor=actor, at=self._clock.now(), key=key)
