"""Messages that are edited in place: where each one stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Card:
    """Where a message that is edited in place stands, and the digest of what it shows."""

    channel: str
    ts: str
    digest: str


async def get(conn: Connection, key: str) -> Card | None:
    row = await SQL.one(conn, "card", key=key)
    return Card(**row) if row else None


async def save(conn: Connection, key: str, card: Card) -> None:
    """With the commit."""
    await SQL.defer(conn, "save_card", once=key, key=key, channel=card.channel, ts=card.ts, digest=card.digest)


async def at(conn: Connection, channel: str, ts: str) -> str | None:
    """The key of the card that stands there; None when the message is none of our cards."""
    row = await SQL.one(conn, "card_at", channel=channel, ts=ts)
    return row["key"] if row else None


async def forget_shown(conn: Connection, key: str) -> None:
    """What the card shows is not known any more."""
    await SQL.run(conn, "forget_shown", key=key)


async def forget(conn: Connection, key: str) -> None:
    await SQL.run(conn, "forget_card", key=key)


async def standing(conn: Connection, keys: Sequence[str]) -> list[str]:
    """Which of these were posted."""
    return [row["key"] for row in await SQL.all(conn, "standing", keys=list(keys))]


async def is_led(conn: Connection, incident_id: int) -> bool:
    """Whether a message is on its way that stands above the cards that are new in this incident's room."""
    return bool((await SQL.the(conn, "is_led", incident_id=incident_id))["led"])


async def is_on_its_way(conn: Connection, key: str) -> bool:
    """Whether a delivery of this card waits or is being sent."""
    return bool((await SQL.the(conn, "is_on_its_way", key=key))["on_its_way"])
