"""What a request for cover shows, and what whoever asked reads when somebody has taken it."""

from bot.clock import Clock
from bot.domain.errors import Rejected
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted
from bot.services.people.people import People
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.slack.blocks import Button, message
from bot.slack.gateway import Gateway, Posted
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.people import cover_requests
from bot.store.pipelined import Connection


class CoverCards:
    """The painter of `cover:<number>`."""

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
        is_over = asked.taken_by is None and asked.ends <= self._clock.now()
        words = self._rendering.say("slack/cover_asked", asked=asked, is_over=is_over)
        buttons = [] if asked.taken_by or is_over else [Button("Take it", "cover.take", subject, "primary")]
        return Painted(await self._channels.find(conn, self._channel), message(words, buttons))


class CoverTaken(DeliveryKind[Posted]):
    """Deliveries of kind `cover_taken`."""

    def __init__(self, db: Database, people: People, gateway: Gateway, rendering: Rendering) -> None:
        self._db = db
        self._people = people
        self._gateway = gateway
        self._rendering = rendering

    async def send(self, delivery: Delivery) -> Posted:
        told, key = delivery.payload["told"], f"cover {delivery.key}"
        async with self._db.statement() as conn:
            asked = await cover_requests.get(conn, delivery.payload["request"])
        if asked is None:
            raise NoLongerWanted("there is no such request any more")
        account = self._people.known_account(told) or await self._people.account(told)
        if not account:
            raise Rejected("no Slack account has this address")
        if delivery.unsure:
            direct = await self._gateway.open_direct(account)
            if found := await self._gateway.find_posted(direct, key, since=delivery.created_at):
                return found
        return await self._gateway.post(
            account, message(self._rendering.say("slack/cover_taken", asked=asked)), key=key
        )
