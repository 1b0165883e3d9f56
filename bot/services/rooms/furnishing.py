"""What a room is furnished with: people, a topic, and the pinned card."""

from collections.abc import Sequence

from bot.domain.errors import Failed, Rejected
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.people.people import People
from bot.services.rooms.elsewhere import never_a_room
from bot.services.rooms.in_doubt import do_again
from bot.services.rooms.members import Members
from bot.services.rooms.posts import Posts, no_room_yet
from bot.slack.blocks import clip
from bot.slack.gateway import Gateway, Posted
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Slack's limit for a topic.
TOPIC_LENGTH = 250
# A single failure may be transient.
SAID_AT = 2


class Invitations(DeliveryKind[None]):
    """Deliveries of kind `invite`. For private rooms, each person's invitations and kicks share a lane."""

    def __init__(self, db: Database, people: People, members: Members, outbox: Outbox, gateway: Gateway) -> None:
        self._db = db
        self._people = people
        self._members = members
        self._outbox = outbox
        self._gateway = gateway

    async def send(self, delivery: Delivery) -> None:
        incident, room_id = await _with_room(self._db, delivery)
        people = await self._not_removed(incident, delivery.payload["people"])
        accounts, failed = await self._accounts(people)
        if accounts:
            await self._gateway.invite(room_id, accounts)
        if failed:
            raise failed
        if not accounts:
            raise NoLongerWanted

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[None]) -> None:
        """A late invitation lets in somebody removed since; kick them again."""
        if outcome.state != "waiting" and delivery.lane:
            payload = {"incident": delivery.payload["incident"], "person": delivery.payload["people"][0]}
            await do_again(conn, self._outbox, delivery, "kick", payload, lane=delivery.lane)

    async def _accounts(self, people: Sequence[str]) -> tuple[list[str], Failed | None]:
        """The accounts found, and the last transient failure, for which the delivery is retried."""
        found, failed = [], None
        for name in people:
            try:
                account = await _account(self._people, name)
            except Failed as error:
                failed = error
            else:
                found += [account] if account else []
        return found, failed

    async def _not_removed(self, incident: Incident, people: Sequence[str]) -> list[str]:
        async with self._db.statement() as conn:
            return [one for one in people if not await self._members.was_removed(conn, incident, one)]


class Kicks(DeliveryKind[None]):
    """Deliveries of kind `kick`: take somebody removed from a private incident out of its channel."""

    def __init__(
        self, db: Database, people: People, members: Members, outbox: Outbox, posts: Posts, gateway: Gateway
    ) -> None:
        self._db = db
        self._people = people
        self._members = members
        self._outbox = outbox
        self._posts = posts
        self._gateway = gateway

    async def send(self, delivery: Delivery) -> None:
        incident, room_id = await _with_room(self._db, delivery)
        person = delivery.payload["person"]
        async with self._db.statement() as conn:
            if not await self._members.was_removed(conn, incident, person):
                raise NoLongerWanted
        account = await _account(self._people, person)
        if account is None:
            raise NoLongerWanted
        await self._gateway.kick(room_id, account)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[None]) -> None:
        """Some workspaces let only admins kick: at the second failure say that a person has to do it, and keep
        retrying. A late kick may hit somebody let in since; invite them again."""
        if outcome.state != "waiting":
            payload = {"incident": delivery.payload["incident"], "people": [delivery.payload["person"]]}
            await do_again(conn, self._outbox, delivery, "invite", payload, lane=delivery.lane)
        if outcome.error and (delivery.attempts == SAID_AT or outcome.state == "refused"):
            incident = await incidents.get(conn, delivery.payload["incident"])
            facts = {"who": delivery.payload["person"], "error": outcome.error}
            await self._posts.in_room(conn, incident, "member_not_kicked", **facts)


class Topics(DeliveryKind[None]):
    """Deliveries of kind `topic`, once per room: changes are shown on the card."""

    def __init__(self, db: Database, gateway: Gateway, rendering: Rendering) -> None:
        self._db = db
        self._gateway = gateway
        self._rendering = rendering

    async def send(self, delivery: Delivery) -> None:
        incident, room_id = await _with_room(self._db, delivery)
        topic = clip(self._rendering.say("slack/topic", incident=incident), TOPIC_LENGTH)
        # Slack posts a line for every topic set, even an unchanged one.
        if not (delivery.unsure and await self._gateway.has_topic(room_id, topic)):
            await self._gateway.set_topic(room_id, topic)


class Pins(DeliveryKind[None]):
    """Deliveries of kind `pin`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def send(self, delivery: Delivery) -> None:
        await self._gateway.pin(Posted(delivery.payload["channel"], delivery.payload["ts"]))


async def _account(people: People, name: str) -> str | None:
    """Their Slack account; None: they have none. Raises Unreachable or Unanswered when that is not known."""
    try:
        return people.known_account(name) or await people.account(name)
    except Rejected:
        return None


async def _with_room(db: Database, delivery: Delivery) -> tuple[Incident, str]:
    async with db.statement() as conn:
        incident = await incidents.get(conn, delivery.payload["incident"])
    if incident.room_id is None:
        raise never_a_room(incident) if incident.room_lost else no_room_yet(incident.id)
    return incident, incident.room_id
