"""People's Slack accounts, and the ids of channels."""

from collections.abc import Iterable
from datetime import datetime

from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row, as_json

SQL = Queries(__file__)


async def identities(conn: Connection) -> list[Row]:
    return await SQL.all(conn, "identities")


async def introduce(conn: Connection, people: Iterable[Row], now: datetime) -> None:
    """Of each `person`, `name`, `email` and `slack_id`: every process hears of it when anything of it is new."""
    if await SQL.all(conn, "introduce", rows=as_json(list(people)), now=now):
        await tell_others(conn)


async def save_identity(
    conn: Connection, *, person: str, name: str, email: str, slack_id: str | None, now: datetime
) -> None:
    await SQL.run(conn, "save_identity", person=person, name=name, email=email, slack_id=slack_id, now=now)


async def tell_others(conn: Connection) -> None:
    """There are people, or accounts of theirs, that other processes may not know."""
    await SQL.run(conn, "ring")


async def channels(conn: Connection) -> dict[str, str]:
    """Name without '#' → Slack's id."""
    return {row["name"]: row["slack_id"] for row in await SQL.all(conn, "channels")}


async def save_channel(conn: Connection, name: str, slack_id: str) -> bool:
    """Returns whether it is new that the bot can post there."""
    return not (await SQL.the(conn, "save_channel", name=name, slack_id=slack_id))["was_in_use"]


async def channel(conn: Connection, name: str) -> str | None:
    """Slack's id for this name without '#'."""
    row = await SQL.one(conn, "channel", name=name)
    return row["slack_id"] if row else None


async def channels_in_use(conn: Connection) -> dict[str, str]:
    """Name without '#' → Slack's id, for those that take messages as far as we know."""
    return {row["name"]: row["slack_id"] for row in await SQL.all(conn, "channels_in_use")}


async def missing(conn: Connection) -> dict[str, str]:
    """Name without '#' → why the bot can't use that channel."""
    return {row["name"]: row["why"] for row in await SQL.all(conn, "missing")}


async def note_missing(conn: Connection, name: str, why: str) -> bool:
    """Returns whether it is new."""
    return await SQL.one(conn, "note_missing", name=name, why=why) is not None


async def forget_missing(conn: Connection, name: str) -> None:
    await SQL.run(conn, "forget_missing", name=name)
