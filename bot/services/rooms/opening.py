"""Opens an incident's channel in Slack, under a name that is free."""

from dataclasses import dataclass
from typing import Protocol

from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Incident, numbered
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, Outcome
from bot.services.rooms.rooms import Rooms
from bot.slack.gateway import Gateway, Room
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# After these, the incident's own number makes the name unique.
NAMES_TRIED = 20


@dataclass(frozen=True)
class Opened:
    """A room's Slack id, and the name it got."""

    id: str
    name: str

    def __str__(self) -> str:
        return f"{self.id} {self.name}"


class LinkedOn(Protocol):
    """Cards in other places that link to the room."""

    async def repaint(self, conn: Connection, incident_id: int) -> None: ...


class RoomOpening(DeliveryKind[Opened]):
    """Deliveries of kind `room`. A room that cannot be opened holds up nothing else.

    `linked_on`: what else shows a link to the room, and is repainted once it is there.
    """

    def __init__(self, db: Database, rooms: Rooms, gateway: Gateway, linked_on: LinkedOn) -> None:
        self._db = db
        self._rooms = rooms
        self._gateway = gateway
        self._linked_on = linked_on

    async def send(self, delivery: Delivery) -> Opened:
        incident = await self._incident(delivery)
        if incident.room_id:
            raise NoLongerWanted
        name = self._rooms.name_of(incident)
        numbers = [numbered(name, number) for number in range(2, NAMES_TRIED + 1)]
        for wanted in [name, *numbers, numbered(name, incident.ref.lower())]:
            try:
                room: Room | None = await self._gateway.open_room(wanted, private=incident.private)
            except Rejected as error:
                if error.code != "name_taken":
                    raise
                room = await self._half_made(incident, wanted) if delivery.unsure else None
            if room:
                return Opened(room.id, room.name)
        raise Rejected(f"{NAMES_TRIED} channels are called {name} already, and one with {incident.ref} at its end")

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[Opened]) -> None:
        incident_id, opened = delivery.payload["incident"], outcome.returned
        if outcome.state == "sent" and opened:
            await self._rooms.furnish(conn, incident_id, opened.id, opened.name)
            await self._linked_on.repaint(conn, incident_id)
        elif outcome.error:
            lost = outcome.state in ("refused", "gave_up")
            await self._rooms.note_missing(conn, incident_id, outcome.error, lost=lost)

    async def _half_made(self, incident: Incident, name: str) -> Room | None:
        """The channel an earlier, unanswered attempt made: created by us and no incident's room. None: there is
        none."""
        room = (await self._gateway.find_channels()).get(name)
        if room is None or not await self._gateway.was_made_by_us(room.id, since=incident.declared_at):
            return None
        async with self._db.transaction() as conn:
            taken = await incidents.of_room(conn, room.id)
        return None if taken else room

    async def _incident(self, delivery: Delivery) -> Incident:
        async with self._db.statement() as conn:
            return await incidents.get(conn, delivery.payload["incident"])
