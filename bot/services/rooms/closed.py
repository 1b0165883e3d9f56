"""What Slack says of a channel that takes no messages, handed to whoever writes that down."""

from collections.abc import Mapping

from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Closed
from bot.services.outbox.kinds import UPDATE
from bot.services.outbox.outbox import Outbox
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.rooms import closures

# A private channel that the bot is not in does not exist for it, and no more does one that was deleted; an edit in an
# archived one is refused as inactive.
WHY: Mapping[str, Closed] = {
    "is_archived": "archived",
    "is_inactive": "archived",
    "not_in_channel": "left",
    "channel_not_found": "lost",
}


def why_closed(error: Rejected) -> Closed | None:
    """None: it was refused for another reason."""
    return WHY.get(error.code)


async def note_closed(db: Database, outbox: Outbox, channel: str, why: Closed, *, card: str = "") -> None:
    """Have it written down, and said where it matters.

    `card`: the key of the one that could not be posted there.
    """
    async with db.transaction() as conn:
        await _put(conn, outbox, channel, why, card=card)


async def note_open(conn: Connection, outbox: Outbox, channel: str) -> None:
    """It has just taken a message: if it counts as closed, Slack's event that it was opened again has been lost."""
    if await closures.is_closed(conn, channel):
        await _put(conn, outbox, channel, None)


async def _put(conn: Connection, outbox: Outbox, channel: str, why: Closed | None, *, card: str = "") -> None:
    payload = {"channel": channel, "why": why, "card": card}
    await outbox.put(conn, "closure", payload, priority=UPDATE, lane=f"closure {channel}", way="house")
