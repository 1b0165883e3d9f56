"""Channels that were archived or that the bot was removed from: recorded, announced, and caught up when open again."""

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

# Cards repainted after a closure; older ones are about things long over.
CARDS_CAUGHT_UP = 200

Catching = Callable[[Connection], Awaitable[None]]


class Closures(DeliveryKind[None]):
    """Deliveries of kind `closure`, from Slack's answers to posts. Slack's own events come in through the methods
    below."""

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
            # `lost` says less than a reason known from Slack's events, so it does not replace that.
            await self._set(conn, channel, why, certain=why != "lost")
            prefix, _, subject = delivery.payload["card"].partition(":")
            if prefix == "announcement":
                await self._announcements.not_announced(conn, await incidents.get(conn, int(subject)), why)

    async def is_closed(self, channel: str) -> bool:
        """Whether it is known to take no messages; False for channels that are not ours."""
        async with self._db.statement() as conn:
            return await closures.is_closed(conn, channel)

    async def closed(self, channel: str, why: Closed, *, certain: bool = False) -> None:
        """Slack reports it closed. Not `certain`: keep a reason already known, since archiving also removes the bot."""
        async with self._db.transaction() as conn:
            await self._set(conn, channel, why, certain=certain)

    async def opened(self, channel: str) -> None:
        """The channel takes messages again: bring its cards up to date. Does nothing if it was never closed."""
        async with self._db.transaction() as conn:
            await self._set(conn, channel, None, certain=True)

    async def within_reach(self, channel: str, *, is_invited: bool) -> None:
        """The bot has been let into this channel: it is open again, or one that the runbook names and we lacked."""
        await self.opened(channel)
        await self._channels.adopt(channel, is_invited=is_invited)
        await self.catch_up()

    async def renamed(self, channel: str, name: str) -> None:
        """Follow a renaming, and say once in the channel that it no longer has its runbook name."""
        lost = await self._channels.renamed(channel, name)
        await self.catch_up()
        for old in lost:
            said = self._rendering.say("slack/channel_renamed", old=f"#{old}", name=f"#{name}")
            async with self._db.transaction() as conn:
                await self._posts.in_channel(conn, channel, message(said))

    async def look_again(self) -> None:
        """Find and join what is recorded as closed or missing, since Slack's event about its reopening may be lost.

        Asks Slack only if there is any. Raises a Failed.
        """
        async with self._db.statement() as conn:
            is_any_closed = await closures.is_any_channel_closed(conn)
        await self._channels.recall()
        if is_any_closed or self._channels.missing:
            await self._channels.look_up()
            await self.catch_up()

    async def catch_up(self) -> None:
        """Post what newly found channels should show."""
        if gained := set(self._channels.gained):
            async with self._db.transaction() as conn:
                for name in gained:
                    await self._catch_up(conn, name)
            # In a transaction of its own: it locks waiting rows, and could deadlock with others putting in the same
            # keys.
            async with self._db.transaction() as conn:
                await self._posts.wake(conn)
            self._channels.gained -= gained

    def catches_up(self, name: str, catching: Catching) -> None:
        """Register what to post when the channel of this name takes messages again."""
        self._catching_up[name.lstrip("#")].append(catching)

    async def _catch_up(self, conn: Connection, name: str) -> None:
        for catching in self._catching_up.get(name, ()):
            await catching(conn)
        # Include cards of things over by now, or they would show them as going on for ever.
        await self._rooms.repaint(conn, await closures.latest_cards(conn, name, CARDS_CAUGHT_UP))

    async def _set(self, conn: Connection, channel: str, why: Closed | None, *, certain: bool) -> None:
        for incident in await closures.set_rooms(conn, channel, why, certain=certain):
            await self._rooms.show(conn, incident)
            if why is None:
                await self._rooms.repaint(conn, await closures.cards_in(conn, channel, CARDS_CAUGHT_UP))
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
