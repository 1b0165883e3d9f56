"""The audit log: who did what, including deeds that belong to no incident."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)


async def write(
    conn: Connection, *, actor: str, deed: str, subject: str, at: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    await SQL.run(conn, "audit", actor=actor, deed=deed, subject=subject, at=at, facts=Jsonb(facts or {}))


async def newest(conn: Connection, limit: int = 100) -> list[Row]:
    return await SQL.all(conn, "audit_log", limit=limit)
