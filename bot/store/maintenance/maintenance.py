"""The tables of planned work and its history."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from bot.domain.errors import NotFound
from bot.domain.maintenance.window import Window
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)


@dataclass(frozen=True)
class NewWindow:
    """Planned work before it is stored; see `Window`."""

    what: str
    starts_at: datetime
    ends_at: datetime
    notice: timedelta
    audiences: Sequence[str]
    matches: Mapping[str, str]
    shown: str
    author: str
    author_account: str | None
    components: Sequence[str] = ()


@dataclass(frozen=True)
class Entry:
    """An event in its history; `actor` as in every timeline."""

    at: datetime
    actor: str
    text: str


async def insert(conn: Connection, new: NewWindow, now: datetime) -> Window:
    """Insert it, due at once; `save` sets when its next step is due."""
    lists = {"audiences": list(new.audiences), "components": list(new.components)}
    values = {**vars(new), **lists, "matches": Jsonb(dict(new.matches))}
    return _window(await SQL.the(conn, "insert", **values, now=now))


async def get(conn: Connection, window_id: int) -> Window:
    """Raises NotFound."""
    return _found(await SQL.one(conn, "by_id", id=window_id))


async def those(conn: Connection, ids: Collection[int]) -> list[Window]:
    """Those of these ids that exist."""
    return [_window(row) for row in await SQL.all(conn, "by_ids", ids=list(ids))]


async def lock(conn: Connection, window_id: int) -> Window:
    """Locked for this transaction. Raises NotFound."""
    return _found(await SQL.one(conn, "by_id_locked", id=window_id))


async def save(conn: Connection, window: Window) -> None:
    """Store its present state, and when its next step is due."""
    values = {
        name: getattr(window, name)
        for name in (
            "id", "starts_at", "ends_at", "state", "silence_id", "announced_at", "began_at", "asked_at", "late_at",
            "ended_at", "ended_by", "reason",
        )
    }  # fmt: skip
    await SQL.run(conn, "save", **values, due_at=window.due[1] if window.due else None)


async def due(conn: Connection, *, now: datetime, limit: int) -> list[int]:
    """Earliest first; nothing is claimed: whoever locks it first does the work."""
    return [row["id"] for row in await SQL.all(conn, "due", now=now, limit=limit)]


async def push_ahead(conn: Connection, window_id: int, until: datetime) -> None:
    await SQL.run(conn, "push_ahead", id=window_id, until=until)


def due_rows() -> DueRows:
    return DueRows(SQL)


async def not_over(conn: Connection, limit: int) -> list[Window]:
    """The earliest to begin comes first."""
    return [_window(row) for row in await SQL.all(conn, "open", limit=limit)]


async def newest(conn: Connection, limit: int) -> list[Window]:
    return [_window(row) for row in await SQL.all(conn, "newest", limit=limit)]


async def count(conn: Connection) -> int:
    return int((await SQL.the(conn, "count"))["windows"])


async def write(
    conn: Connection, window_id: int, text: str, *, actor: str, at: datetime, key: str | None = None
) -> None:
    """Add an entry to its history; one with a `key` is written once."""
    await SQL.run(conn, "write", maintenance_id=window_id, at=at, actor=actor, text=text, key=key)


async def entries(conn: Connection, window_id: int) -> list[Entry]:
    """Oldest first."""
    return [Entry(**row) for row in await SQL.all(conn, "entries", id=window_id)]


def _window(row: Row) -> Window:
    row.pop("due_at")
    return Window(**row)


def _found(row: Row | None) -> Window:
    if row is None:
        raise NotFound("There is no such maintenance: `/incident maintenance list` lists it.")
    return _window(row)
