"""Channels that take no messages: what Slack's error means, and passing it on to be recorded."""

from collections.abc import Mapping

from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Closed
from bot.services.outbox.kinds import UPDATE
from bot.services.outbox.outbox import Outbox
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.rooms import closures

# A private channel without the bot looks to it like a deleted one; an edit in an archived one is refused as inactive.
WHY: Mapping[str, Closed] = {
    "is_archived": "archived",
    "is_inactive": "archived",
    "not_in_channel": "left",
    "channel_not_found": "lost",
}


def why_closed(error: Rejected) -> Closed | None:
    """Why the channel takes no messages; None: it was refused for another reason."""
    return WHY.get(error.code)


async def note_closed(db: Database, outbox: Outbox, channel: str, why: Closed, *, card: str = "") -> None:
    """Have it recorded, and announced where it matters.

    `card`: key of the card that could not be posted there.
    """
    async with db.transaction() as conn:
        await _put(conn, outbox, channel, why, card=card)


async def note_open(conn: Connection, outbox: Outbox, channel: str) -> None:
    """The channel has just taken a message; if it is recorded as closed, Slack's event about its reopening was lost."""
    if await closures.is_closed(conn, channel):
        await _put(conn, outbox, channel, None)


async def _put(conn: Connection, outbox: Outbox, channel: str, why: Closed | None, *, card: str = "") -> None:
    payload = {"channel": channel, "why": why, "card": card}
    await outbox.put(conn, "closure", payload, priority=UPDATE, lane=f"closure {channel}", way="house")
