"""Order in an incident's room: its card comes first, everything else below it."""

from bot.domain.incidents.incident import Incident
from bot.services.outbox.kinds import NotYet
from bot.services.rooms.cards import Painted
from bot.slack.blocks import Message
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.rooms import cards


async def not_below_yet(conn: Connection, incident: Incident) -> NotYet | None:
    """Why a message must not enter the incident's room yet: no room, or no card in it. None: it may."""
    if incident.room_id and not await _is_expected(conn, incident):
        return None

    async def is_there(conn: Connection) -> bool:
        # Recording the card, or that there will be no room, takes this lock too, so we cannot miss it.
        held = await incidents.lock(conn, incident.id)
        return held.room_lost or (held.room_id is not None and not await _is_expected(conn, held))

    return NotYet("the room has no card yet", is_there)


async def in_room(conn: Connection, incident: Incident, shown: Message) -> Painted:
    """Place a painter's card in the incident's room, below the incident's own card; without a room, where its posts
    go."""
    if incident.room_lost:
        return Painted(None, shown, room_of=incident)
    missing = await not_below_yet(conn, incident) or await _not_led_yet(conn, incident)
    return Painted(None if missing else incident.room_id, shown, missing, incident)


async def _not_led_yet(conn: Connection, incident: Incident) -> NotYet | None:
    if not await cards.is_led(conn, incident.id):
        return None

    async def is_there(conn: Connection) -> bool:
        held = await incidents.lock(conn, incident.id)
        return not await cards.is_led(conn, held.id)

    return NotYet("a message that stands above it is on its way", is_there)


async def _is_expected(conn: Connection, incident: Incident) -> bool:
    """Whether the card is still to come; not once Slack has refused it for good, so that it keeps nothing else out."""
    key = f"incident:{incident.id}"
    return await cards.get(conn, key) is None and await cards.is_on_its_way(conn, key)
