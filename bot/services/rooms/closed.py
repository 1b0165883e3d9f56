"""What Slack says of a channel that takes no messages, handed to whoever writes that down."""

from collections.abc import Mapping

from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Closed
from bot.services.outbox.kinds import UPDATE
from bot.services.outbox.outbox import Outbox
from bot.store.database import Database

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


async def note_closed(db: Database, outbox: Outbox, channel: str, why: Closed | None, *, card: str = "") -> None:
    """Have it written down, and said where it matters; `why` None: it takes messages again.

    `card`: the key of the one that could not be posted there.
    """
    async with db.transaction() as conn:
        payload = {"channel": channel, "why": why, "card": card}
        await outbox.put(conn, "closure", payload, priority=UPDATE, lane=f"closure {channel}", way="house")
