"""Channels that take no messages: archived, or the bot is not a member."""

from datetime import datetime

from bot.domain.incidents.incident import Closed, Incident
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


async def set_rooms(conn: Connection, channel: str, why: Closed | None, *, certain: bool) -> list[Incident]:
    """Set why this room is closed; returns its incidents if that changed. Unless `certain`, keeps a known reason."""
    rows = await SQL.all(conn, "set_rooms", channel=channel, why=why, certain=certain)
    return [Incident(**row) for row in rows]


async def set_channels(conn: Connection, channel: str, why: Closed | None, *, certain: bool) -> list[str]:
    """As `set_rooms`, for channels of the runbook; returns the changed ones' names without '#'."""
    rows = await SQL.all(conn, "set_channels", channel=channel, why=why, certain=certain)
    return [row["name"] for row in rows]


async def is_closed(conn: Connection, channel: str) -> bool:
    return bool((await SQL.the(conn, "is_closed", channel=channel))["is_closed"])


async def is_any_channel_closed(conn: Connection) -> bool:
    """Is any of the runbook's channels closed?"""
    return bool((await SQL.the(conn, "is_any_channel_closed"))["is_any_closed"])


async def closed(conn: Connection) -> dict[str, Closed]:
    """By name: the runbook's channels, and rooms of open incidents."""
    return {row["name"]: row["why"] for row in await SQL.all(conn, "closed")}


async def latest_cards(conn: Connection, name: str, limit: int) -> list[str]:
    """The keys of the cards in this channel of the runbook, newest first."""
    return [row["key"] for row in await SQL.all(conn, "latest_cards", name=name, limit=limit)]


async def cards_in(conn: Connection, channel: str, limit: int) -> list[str]:
    """As `latest_cards`, by the channel's id."""
    return [row["key"] for row in await SQL.all(conn, "cards_in", channel=channel, limit=limit)]


async def claim_look(conn: Connection, *, since: datetime, now: datetime) -> str | None:
    """Claim the room of an open incident that nobody has looked at since then; None: there is no other."""
    row = await SQL.one(conn, "claim_look", since=since, now=now)
    return row["room_id"] if row else None
