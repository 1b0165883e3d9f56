"""What Slack did long after it was asked, and was asked again: a message stands twice, a card shows what was before."""

from datetime import datetime, timedelta

from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.cards import Cards
from bot.slack.gateway import Gateway, Posted, TooMuchSaid
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# How far Slack's clock may be from ours.
OFF_BY = timedelta(minutes=10)


class SecondLooks(DeliveryKind[None]):
    """Deliveries of kind `second_look`, a minute after something of which an attempt was in doubt, and once more later.

    Of a message all others with its key are taken back. A card is edited once more. What may have been undone is done
    again.
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
