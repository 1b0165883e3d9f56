"""What a room is furnished with: people, a topic, and the card at its top."""

from bot.domain.errors import Failed
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, Outcome
from bot.services.people.people import People
from bot.services.rooms.posts import never_a_room, no_room_yet
from bot.slack.blocks import clip
from bot.slack.gateway import Gateway, Posted
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Slack's limit for a topic.
TOPIC_LENGTH = 250


class Invitations(DeliveryKind[None]):
    """Deliveries of kind `invite`."""

    def __init__(self, db: Database, people: People, gateway: Gateway) -> None:
        self._db = db
        self._people = people
        self._gateway = gateway

    async def send(self, delivery: Delivery) -> None:
        _, room_id = await _with_room(self._db, delivery)
        accounts = [await self._account(name) for name in delivery.payload["people"]]
        wanted = [account for account in accounts if account]
        if not wanted:
            raise NoLongerWanted
        await self._gateway.invite(room_id, wanted)

    async def _account(self, name: str) -> str | None:
        try:
            return self._people.known_account(name) or await self._people.account(name)
        except Failed:
            return None


class Topics(DeliveryKind[str]):
    """Deliveries of kind `topic`; each returns the topic that was set."""

    def __init__(self, db: Database, gateway: Gateway, rendering: Rendering) -> None:
        self._db = db
        self._gateway = gateway
        self._rendering = rendering

    async def send(self, delivery: Delivery) -> str:
        incident, room_id = await _with_room(self._db, delivery)
        topic = clip(self._rendering.say("slack/topic", incident=incident), TOPIC_LENGTH)
        # Slack posts a line for every topic that is set, also for the same one.
        if not delivery.unsure and topic == incident.room_topic:
            raise NoLongerWanted
        # The topic of an attempt that nobody answered may be there: then what we have written down says nothing.
        if not (delivery.unsure and await self._gateway.has_topic(room_id, topic)):
            await self._gateway.set_topic(room_id, topic)
        return topic

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        if outcome.returned:
            await incidents.set_room_topic(conn, delivery.payload["incident"], outcome.returned)


class Pins(DeliveryKind[None]):
    """Deliveries of kind `pin`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def send(self, delivery: Delivery) -> None:
        await self._gateway.pin(Posted(delivery.payload["channel"], delivery.payload["ts"]))


async def _with_room(db: Database, delivery: Delivery) -> tuple[Incident, str]:
    async with db.statement() as conn:
        incident = await incidents.get(conn, delivery.payload["incident"])
    if incident.room_id is None:
        raise never_a_room(incident) if incident.room_lost else no_room_yet(incident.id)
    return incident, incident.room_id
