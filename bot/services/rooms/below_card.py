"""The order in an incident's room: its card stands first, and whatever else is posted there stands below it."""

from bot.domain.incidents.incident import Incident
from bot.services.outbox.kinds import NotYet
from bot.services.rooms.cards import Painted
from bot.slack.blocks import Message
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.rooms import cards


async def not_below_yet(conn: Connection, incident: Incident) -> NotYet | None:
    """Why a message for the incident's room must wait as yet: there is none, or it has no card. None: it need not."""
    if incident.room_id and not await _is_expected(conn, incident):
        return None

    async def is_there(conn: Connection) -> bool:
        # Whoever posts the card, or finds that there will be no room, holds the incident while writing that down.
        held = await incidents.lock(conn, incident.id)
        return held.room_lost or (held.room_id is not None and not await _is_expected(conn, held))

    return NotYet("the room has no card yet", is_there)


async def in_room(conn: Connection, incident: Incident, shown: Message) -> Painted:
    """For a painter: a card that stands in the incident's room, below the incident's own."""
    missing = await not_below_yet(conn, incident) or await _not_led_yet(conn, incident)
    return Painted(None if missing else incident.room_id, shown, missing)


async def _not_led_yet(conn: Connection, incident: Incident) -> NotYet | None:
    if not await cards.is_led(conn, incident.id):
        return None

    async def is_there(conn: Connection) -> bool:
        held = await incidents.lock(conn, incident.id)
        return not await cards.is_led(conn, held.id)

    return NotYet("a message that stands above it is on its way", is_there)


async def _is_expected(conn: Connection, incident: Incident) -> bool:
    """A card that Slack has refused for good keeps nothing else from the room."""
    key = f"incident:{incident.id}"
    return await cards.get(conn, key) is None and await cards.is_on_its_way(conn, key)
