"""Files posted in an incident's room; everybody in the room can read them."""

import re
from abc import abstractmethod
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import Refused, Rejected
from bot.domain.incidents.incident import Incident
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.people.people import People
from bot.services.rooms.closed import note_closed, why_closed
from bot.services.rooms.posts import Posts
from bot.slack.gateway import Gateway
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Requests for the same file within this time share one.
SAME_FILE = timedelta(minutes=1)
# Matches template output only: what people typed is escaped.
MENTION = re.compile(r"(?<!\\)<@([UW][A-Z0-9]+)>")


@dataclass(frozen=True)
class RoomFile:
    """`name` identifies the state shown, so that a copy already posted is recognised. `alt`: a description in words."""

    name: str
    text: str
    alt: str


class RoomPosting:
    """Posts a file into a room, once."""

    def __init__(self, db: Database, outbox: Outbox, gateway: Gateway, people: People, posts: Posts) -> None:
        self._db = db
        self._outbox = outbox
        self._gateway = gateway
        self._people = people
        self._posts = posts

    async def put(self, conn: Connection, kind: str, key: str, payload: dict[str, object]) -> None:
        """Put the file in, unless one with this key is waiting."""
        await self._outbox.put(conn, kind, payload, priority=UPDATE, key=key, lane=key)

    async def post(self, delivery: Delivery, room: str, file: RoomFile) -> str:
        """Post the file; returns its id."""
        try:
            if await self._gateway.has_file(room, file.name, since=delivery.created_at - SAME_FILE):
                raise NoLongerWanted("it is there already")
            content = (await self._with_names(file.text)).encode()
            return await self._gateway.upload(file.name, content, alt=file.alt, channel=room)
        except Rejected as error:
            if why := why_closed(error):
                await note_closed(self._db, self._outbox, room, why)
            raise

    async def lost(self, conn: Connection, delivery: Delivery, reason: str | None) -> None:
        """Tell the requester that there will be no file."""
        incident = await incidents.get(conn, delivery.payload["incident"])
        facts = {"incident": incident, "reason": reason}
        await self._posts.to_person(conn, delivery.payload["by"], "not_filed", **facts)

    async def _with_names(self, text: str) -> str:
        """Replace mentions, which mean nothing in a file, with names."""
        names = await self._people.names_of(dict.fromkeys(MENTION.findall(text)))
        return MENTION.sub(lambda found: names.get(found[1], found[1]), text)


class RoomFiles(DeliveryKind[str]):
    """Deliveries of one kind of file; the payload names the `incident` and, in `by`, who asked."""

    def __init__(self, db: Database, posting: RoomPosting) -> None:
        self._db = db
        self._posting = posting

    @abstractmethod
    async def written(self, delivery: Delivery, incident: Incident) -> RoomFile:
        """The file's content as of now."""

    async def send(self, delivery: Delivery) -> str:
        """Returns the file's id."""
        async with self._db.statement() as conn:
            incident = await incidents.get(conn, delivery.payload["incident"])
        if incident.room_id is None:
            raise NoLongerWanted
        return await self._posting.post(delivery, incident.room_id, await self.written(delivery, incident))

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        if outcome.state in ("refused", "gave_up"):
            await self._posting.lost(conn, delivery, outcome.error)


def must_take_a_file(incident: Incident) -> None:
    """Raise Refused unless the room can take a file."""
    if incident.room_id is None:
        raise Refused(f"{incident.ref} has no channel to post a file in.")
    if incident.room_closed:
        raise Refused(
            f"#{incident.room_name} takes no messages, so no file can be posted there. "
            "Unarchive it or invite the bot, then try again."
        )
