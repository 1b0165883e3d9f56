"""Sends a message about a shift to Slack exactly once: looks for an earlier post that was never confirmed."""

from collections.abc import Awaitable, Callable

from bot.domain.errors import Rejected
from bot.services.outbox.kinds import NoLongerWanted
from bot.services.outbox.outbox import Outbox
from bot.services.people.people import People
from bot.services.rooms.channels import Channels
from bot.services.rooms.in_doubt import look_for_others
from bot.slack.blocks import Message
from bot.slack.gateway import Gateway, Posted
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery

Written = Callable[[], Awaitable[Message]]


class ShiftMessages:
    """What deliveries about shifts use to send. Pages go through their pager, which says more about what is in doubt.

    `key`: identifies the message when it is looked for. `written`: makes the message, called only if it is posted.
    Every method may raise a Failed.
    """

    def __init__(self, db: Database, people: People, channels: Channels, outbox: Outbox, gateway: Gateway) -> None:
        self._db = db
        self._outbox = outbox
        self._people = people
        self._channels = channels
        self._gateway = gateway

    async def to_person(self, delivery: Delivery, told: str, key: str, written: Written) -> Posted:
        """Send it to one person; `told`: their key, or a Slack id."""
        account = self._people.known_account(told) or await self._people.account(told)
        if not account:
            raise Rejected("no Slack account has this address")
        return await self._once(delivery, account, key, written)

    async def where_announced(self, delivery: Delivery, key: str, written: Written) -> Posted:
        """Post in the channel where incidents are announced."""
        channel = await self._channels.announced_in()
        if channel is None:
            # A missing channel is reported elsewhere.
            raise NoLongerWanted("the channel of incidents is missing")
        return await self._once(delivery, channel, key, written)

    async def _once(self, delivery: Delivery, place: str, key: str, written: Written) -> Posted:
        if delivery.unsure and (found := await self._gateway.find_posted(place, key, since=delivery.created_at)):
            return found
        posted = await self._gateway.post(place, await written(), key=key)
        if delivery.unsure:
            async with self._db.transaction() as conn:
                await look_for_others(conn, self._outbox, delivery, posted, key)
        return posted
