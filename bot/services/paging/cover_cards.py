"""The card of a request for cover, and the message to the requester once somebody has taken it."""

from functools import partial

from bot.clock import Clock
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted
from bot.services.paging.shift_messages import ShiftMessages
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.slack.blocks import Button, Message, message
from bot.slack.gateway import Posted
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.people import cover_requests
from bot.store.people.cover_requests import CoverRequest
from bot.store.pipelined import Connection


class CoverCards:
    """Paints `cover:<number>`."""

    def __init__(self, clock: Clock, runbook: Runbook, channels: Channels, cards: Cards, rendering: Rendering) -> None:
        self._clock = clock
        self._channel = runbook.channels.incidents
        self._channels = channels
        self._rendering = rendering
        cards.painted_by("cover", self.paint)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        asked = await cover_requests.get(conn, int(subject))
        if asked is None:
            return None
        is_open = asked.is_open(self._clock.now())
        words = self._rendering.say("slack/cover_asked", asked=asked, is_open=is_open)
        both = [Button("Take it", "cover.take", subject, "primary"), Button("Withdraw", "cover.withdraw", subject)]
        buttons = both if is_open else []
        return Painted(await self._channels.find(conn, self._channel), message(words, buttons))


class CoverTaken(DeliveryKind[Posted]):
    """Deliveries of kind `cover_taken`."""

    def __init__(self, db: Database, messages: ShiftMessages, rendering: Rendering) -> None:
        self._db = db
        self._messages = messages
        self._rendering = rendering

    async def send(self, delivery: Delivery) -> Posted:
        told, key = delivery.payload["told"], f"cover {delivery.key}"
        async with self._db.statement() as conn:
            asked = await cover_requests.get(conn, delivery.payload["request"])
        if asked is None:
            raise NoLongerWanted("there is no such request any more")
        return await self._messages.to_person(delivery, told, key, partial(self._message, asked))

    async def _message(self, asked: CoverRequest) -> Message:
        return message(self._rendering.say("slack/cover_taken", asked=asked))
