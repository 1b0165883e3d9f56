"""Channels that were archived, or that the bot was put out of: known, said where it matters, and caught up later."""

from collections import defaultdict
from collections.abc import Awaitable, Callable

from bot.domain.incidents.incident import Closed
from bot.rendering import Rendering
from bot.services.outbox.kinds import DeliveryKind
from bot.services.rooms.announcements import Announcements
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.slack.blocks import message
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.rooms import closures

# Whoever looks further back looks at what is over anyway.
CARDS_CAUGHT_UP = 200

Catching = Callable[[Connection], Awaitable[None]]


class Closures(DeliveryKind[None]):
    """Deliveries of kind `closure`: what Slack has answered to a post. What it tells by itself comes in as a deed."""

    def __init__(
        self,
        db: Database,
        channels: Channels,
        rooms: Rooms,
        posts: Posts,
        announcements: Announcements,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._channels = channels
        self._rooms = rooms
        self._posts = posts
        self._announcements = announcements
        self._rendering = rendering
        self._catching_up = defaultdict[str, list[Catching]](list)
        self.catches_up(announcements.channel, announcements.show_open)

    async def send(self, delivery: Delivery) -> None:
        channel, why = delivery.payload["channel"], delivery.payload["why"]
        async with self._db.transaction() as conn:
            # What Slack told of it before says more.
            await self._set(conn, channel, why, certain=why != "lost")
            prefix, _, subject = delivery.payload["card"].partition(":")
            if prefix == "announcement":
                await self._announcements.not_announced(conn, await incidents.get(conn, int(subject)), why)

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

    async def within_reach(self, channel: str, *, is_invited: bool) -> None:
        """The bot is in it now: it takes messages again, and may be one that the runbook names and had none for."""
        await self.opened(channel)
        await self._channels.adopt(channel, is_invited=is_invited)
        await self.catch_up()

    async def renamed(self, channel: str, name: str) -> None:
        """What bears a name of the runbook's is used; and one that bears it no more says so, once."""
        lost = await self._channels.renamed(channel, name)
        await self.catch_up()
        for old in lost:
            said = self._rendering.say("slack/channel_renamed", old=f"#{old}", name=f"#{name}")
            async with self._db.transaction() as conn:
                await self._posts.in_channel(conn, channel, message(said))

    async def look_again(self) -> None:
        """Find and join what counts as closed or missing: Slack's event that it was opened again may be lost.

        Slack is asked only while there is any. Raises a kind of Failed.
        """
        async with self._db.statement() as conn:
            is_any_closed = await closures.is_any_channel_closed(conn)
        await self._channels.recall()
        if is_any_closed or self._channels.missing:
            await self._channels.look_up()
            await self.catch_up()

    async def catch_up(self) -> None:
        """What the channels should show that the bot has come to have is shown."""
        if gained := set(self._channels.gained):
            async with self._db.transaction() as conn:
                for name in gained:
                    await self._catch_up(conn, name)
            # On its own: it holds what waits, and whoever puts the same keys would wait for it and it for them.
            async with self._db.transaction() as conn:
                await self._posts.wake(conn)
            self._channels.gained -= gained

    def catches_up(self, name: str, catching: Catching) -> None:
        """What the channel of this name shows; called when it takes messages again."""
        self._catching_up[name.lstrip("#")].append(catching)

    async def _catch_up(self, conn: Connection, name: str) -> None:
        for catching in self._catching_up.get(name, ()):
            await catching(conn)
        # Also of what is over by now: else a card would say for ever that it is not.
        await self._rooms.repaint(conn, await closures.latest_cards(conn, name, CARDS_CAUGHT_UP))

    async def _set(self, conn: Connection, channel: str, why: Closed | None, *, certain: bool) -> None:
        for incident in await closures.set_rooms(conn, channel, why, certain=certain):
            await self._rooms.show(conn, incident)
            if why and incident.is_open:
                await self._posts.to_lead(conn, incident, "room_closed", incident=incident)
        for name in await closures.set_channels(conn, channel, why, certain=certain):
            if why is None:
                await self._catch_up(conn, name)
            elif name == self._announcements.channel:
                await self._announcements.closed(conn, why)
            elif announced_in := await self._channels.find(conn, self._announcements.channel):
                said = self._rendering.say("slack/channel_closed", channel=f"#{name}", why=why)
                await self._posts.in_channel(conn, announced_in, message(said))
