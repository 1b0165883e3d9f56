"""Single timeline entries, and the history of changes to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)

What = Literal["time", "text", "hidden", "shown"]


@dataclass(frozen=True)
class KeptEntry:
    """`hidden_at` None: it is visible."""

    id: int
    at: datetime
    actor: str
    kind: str
    text: str
    hidden_at: datetime | None = None


@dataclass(frozen=True)
class EntryChange:
    """One change to an entry; `was_at` and `was_text` are its values before."""

    entry_id: int
    at: datetime
    actor: str
    what: What
    was_at: datetime
    was_text: str
    why: str


async def get(conn: Connection, incident_id: int, entry_id: int) -> KeptEntry | None:
    return _found(await SQL.one(conn, "by_id", incident_id=incident_id, id=entry_id))


async def of_key(conn: Connection, incident_id: int, key: str) -> KeptEntry | None:
    return _found(await SQL.one(conn, "by_key", incident_id=incident_id, key=key))


async def hidden(conn: Connection, incident_id: int) -> list[KeptEntry]:
    """Oldest first."""
    return [KeptEntry(**row) for row in await SQL.all(conn, "hidden", incident_id=incident_id)]


async def change(conn: Connection, changed: KeptEntry, what: What, *, actor: str, why: str, now: datetime) -> None:
    """Record the old values and write the new ones. The caller has locked the incident."""
    entry = {"id": changed.id, "at": changed.at, "text": changed.text, "hidden_at": changed.hidden_at}
    await SQL.run(conn, "change", **entry, what=what, actor=actor, why=why, now=now)


async def changes(conn: Connection, incident_id: int) -> list[EntryChange]:
    """Oldest first."""
    return [EntryChange(**row) for row in await SQL.all(conn, "changes", incident_id=incident_id)]


def _found(row: Row | None) -> KeptEntry | None:
    return KeptEntry(**row) if row else None
