"""Files that are posted in an incident's room. Who may read in the room may read all of them."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import Refused, Rejected
from bot.domain.incidents.incident import Incident
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.closed import note_closed, why_closed
from bot.services.rooms.posts import Posts
from bot.slack.gateway import Gateway
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Two who ask for the same within this time are answered by one file.
SAME_FILE = timedelta(minutes=1)


@dataclass(frozen=True)
class RoomFile:
    """`name` says what state it shows, so one that is there already is recognised. `alt`: what it is, in words."""

    name: str
    text: str
    alt: str


class RoomFiles(DeliveryKind[str]):
    """Deliveries of one kind of file; their payload names the `incident` and, in `by`, who asked."""

    def __init__(self, db: Database, outbox: Outbox, gateway: Gateway, posts: Posts) -> None:
        self._db = db
        self._outbox = outbox
        self._gateway = gateway
        self._posts = posts

    @abstractmethod
    async def written(self, delivery: Delivery, incident: Incident) -> RoomFile:
        """The file, as it is to be posted now."""

    async def put(self, conn: Connection, kind: str, key: str, payload: dict[str, object]) -> None:
        """Once, while one of this key waits."""
        await self._outbox.put(conn, kind, payload, priority=UPDATE, key=key, lane=key)

    async def send(self, delivery: Delivery) -> str:
        """The file's id."""
        async with self._db.statement() as conn:
            incident = await incidents.get(conn, delivery.payload["incident"])
        if incident.room_id is None:
            raise NoLongerWanted
        file = await self.written(delivery, incident)
        try:
            if await self._gateway.has_file(incident.room_id, file.name, since=delivery.created_at - SAME_FILE):
                raise NoLongerWanted("it is there already")
            return await self._gateway.upload(file.name, file.text.encode(), alt=file.alt, channel=incident.room_id)
        except Rejected as error:
            if why := why_closed(error):
                await note_closed(self._db, self._outbox, incident.room_id, why)
            raise

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        """Who asked hears that there will be none."""
        if outcome.state in ("refused", "gave_up"):
            incident = await incidents.get(conn, delivery.payload["incident"])
            facts = {"incident": incident, "reason": outcome.error}
            await self._posts.to_person(conn, delivery.payload["by"], "not_filed", **facts)


def must_take_a_file(incident: Incident) -> None:
    """Raises Refused."""
    if incident.room_id is None:
        raise Refused(f"{incident.ref} has no channel to post a file in.")
    if incident.room_closed:
        raise Refused(
            f"#{incident.room_name} takes no messages, so no file can be posted there. "
            "Unarchive it or invite the bot, then try again."
        )
