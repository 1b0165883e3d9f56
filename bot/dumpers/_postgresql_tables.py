"""The tables of a PostgreSQL database and their row counts, under names comparable with those in a dump."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection

from bot.dumpers._statements import Statements

SQL = Statements(__file__)

# In a database of unknown encoding, bytes that aren't UTF-8 are written as `\xe4`.
UNREADABLE = "backslashreplace"
NO_ENCODING = "SQL_ASCII"


@dataclass(frozen=True)
class Table:
    """`name` is unique among all tables. `count` is the counting statement, in the connection's encoding."""

    name: str
    count: bytes


async def tables_of(conn: AsyncConnection) -> Sequence[Table]:
    """Tables that hold rows themselves and belong to no extension. Later answers on `conn` may come as bytes."""
    if conn.info.parameter_status("server_encoding") == NO_ENCODING:
        await conn.execute(SQL("as_it_is"))
    found = await (await conn.execute(SQL("tables"))).fetchall()
    return [Table(qualified(_text(schema), _text(table)), bytes(count)) for schema, table, count in found]


async def unreadable_in(conn: AsyncConnection) -> Sequence[str]:
    """What this account may not read in it, in sentences; empty if it may read everything."""
    found = await (await conn.execute(SQL("unreadable"))).fetchall()
    sentences = []
    for hidden in (False, True):
        mine = [
            (_words(name), _words(account), owner) for name, account, is_policy, owner in found if is_policy == hidden
        ]
        if mine:
            name, account, _ = mine[0]
            more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
            wish = (
                _to_see_all(account, {owner for *_, owner in mine})
                if hidden
                else f"GRANT pg_read_all_data TO {account}"
            )
            what = "sees only some rows of" if hidden else "may not read"
            sentences.append(f"its account {account} {what} {name}{more}: {wish}")
    return sentences + await _unreadable_objects(conn)


def _to_see_all(account: str, owners: set[str | bytes | None]) -> str:
    """BYPASSRLS, which only a superuser can grant; if one role owns all the tables, membership in it works as well."""
    [*owner] = owners if len(owners) == 1 else [None]
    instead = f", or GRANT {_words(owner[0])} TO {account}" if owner[0] else ""
    return f"ALTER ROLE {account} BYPASSRLS{instead}"


async def _unreadable_objects(conn: AsyncConnection) -> list[str]:
    sentences = []
    for owner, account, number, first in await (await conn.execute(SQL("unreadable_objects"))).fetchall():
        what, others = ("large objects", ", and of each other") if number > 1 else ("large object", "")
        grant = f"GRANT SELECT ON LARGE OBJECT {first} TO {_words(account)}"
        sentences.append(
            f"its account {_words(account)} may not read {number} {what} of {_words(owner)}: {grant}{others}"
        )
    return sentences


async def rows_of(conn: AsyncConnection, table: Table) -> int:
    """Count within `conn`'s transaction, in a savepoint that is rolled back to release its lock: those of thousands of
    tables would exhaust the server's shared lock table."""
    async with conn.transaction(force_rollback=True):
        row = await (await conn.execute(table.count)).fetchone()
    assert row
    return int(row[0])


def qualified(*names: str) -> str:
    """`public.orders`, `public."a.b"`: quoted as in SQL, so that names stay unique."""
    return ".".join(_quoted(name) for name in names)


def _quoted(name: str) -> str:
    plain = name.isascii() and name.replace("_", "a").isalnum() and name == name.lower() and not name[:1].isdigit()
    return name if plain else '"' + name.replace('"', '""') + '"'


def _words(answer: str | bytes) -> str:
    return answer if isinstance(answer, str) else _text(answer)


def _text(name: bytes) -> str:
    return bytes(name).decode("utf-8", UNREADABLE)
