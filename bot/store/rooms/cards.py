"""The table of cards: where each message that is edited in place is."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Card:
    """Where a card is in Slack, and the digest of what it shows."""

    channel: str
    ts: str
    digest: str


async def get(conn: Connection, key: str) -> Card | None:
    row = await SQL.one(conn, "card", key=key)
    return Card(**row) if row else None


async def save(conn: Connection, key: str, card: Card) -> None:
    """Write it with the commit."""
    await SQL.defer(conn, "save_card", once=key, key=key, channel=card.channel, ts=card.ts, digest=card.digest)


async def at(conn: Connection, channel: str, ts: str) -> str | None:
    """The key of the card at this place; None when the message is not a card of ours."""
    row = await SQL.one(conn, "card_at", channel=channel, ts=ts)
    return row["key"] if row else None


async def forget_shown(conn: Connection, key: str) -> None:
    """Forget what the card shows, so that the next paint is not skipped."""
    await SQL.run(conn, "forget_shown", key=key)


async def forget(conn: Connection, key: str) -> None:
    await SQL.run(conn, "forget_card", key=key)


async def standing(conn: Connection, keys: Sequence[str]) -> list[str]:
    """Which of these have been posted."""
    return [row["key"] for row in await SQL.all(conn, "standing", keys=list(keys))]


async def is_led(conn: Connection, incident_id: int) -> bool:
    """Is a message on its way that has to stand above the new cards in this incident's room?"""
    return bool((await SQL.the(conn, "is_led", incident_id=incident_id))["led"])


async def is_on_its_way(conn: Connection, key: str) -> bool:
    """Is a delivery of this card waiting or being sent?"""
    return bool((await SQL.the(conn, "is_on_its_way", key=key))["on_its_way"])
