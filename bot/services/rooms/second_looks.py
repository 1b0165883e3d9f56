"""Cleans up what Slack did late, after it had been asked again: duplicate messages, cards showing an old state."""

from datetime import datetime, timedelta

from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.cards import Cards
from bot.slack.gateway import Gateway, Posted, TooMuchSaid
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Allowance for Slack's clock skew.
OFF_BY = timedelta(minutes=10)


class SecondLooks(DeliveryKind[None]):
    """Deliveries of kind `second_look`, a minute after an attempt in doubt, and again later.

    For a message, takes back all others with its key; edits a card once more; redoes what may have been undone.
    """

    stands_in_line = True

    def __init__(self, outbox: Outbox, gateway: Gateway, cards: Cards) -> None:
        self._outbox = outbox
        self._gateway = gateway
        self._cards = cards

    async def send(self, delivery: Delivery) -> None:
        if "key" not in delivery.payload:
            return
        stands = Posted(delivery.payload["channel"], delivery.payload["ts"])
        for one in await self._all(stands, delivery):
            if one != stands:
                await self._gateway.take_back(one)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[None]) -> None:
        if outcome.state != "sent":
            return
        if card := delivery.payload.get("card"):
            await self._cards.show_again(conn, card, incident=delivery.payload.get("incident"))
        if again := delivery.payload.get("again"):
            await self._outbox.put(conn, **again)

    async def _all(self, stands: Posted, delivery: Delivery) -> list[Posted]:
        key, thread = delivery.payload["key"], delivery.payload.get("thread")
        try:
            if thread:
                return await self._gateway.find_replies(stands.channel, thread, key)
            since = datetime.fromisoformat(delivery.payload["since"])
            return await self._gateway.all_posted(stands.channel, key, since=since, within=OFF_BY)
        except TooMuchSaid as error:
            raise NoLongerWanted(str(error)) from error
