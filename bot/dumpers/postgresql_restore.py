"""PostgreSQL, restored by its own pg_restore into a database of ours beside the target."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg import AsyncConnection, errors

from bot.domain.backup_drill import OURS
from bot.domain.errors import Rejected, Unanswered, Unreachable
from bot.domain.saying import cause_of, fit_to_show
from bot.dumpers import Content, Equipment
from bot.dumpers._postgresql import advice, connect, hung_up_on, nearest, parameters_of, tools, written
from bot.dumpers._postgresql_exchange import exchange_names
from bot.dumpers._postgresql_filling import fill_with
from bot.dumpers._postgresql_tables import Table, rows_of, tables_of
from bot.dumpers._statements import Statements
from bot.runbook.backups import PostgresqlBackup

RESTORES = "postgresql"
EXCHANGES = True
SQL = Statements(__file__)

# Databases that every server has, for what cannot be done from within the one it is done to.
ENTRANCES = ("postgres", "template1")
COUNT_WITHIN_S = 3600
ANSWER_WITHIN_S = 60
# To make, rename or drop a database: one of many files takes minutes.
DEED_WITHIN_S = 1800
# The server itself gives up first, and then it still answers.
GRACE_S = 10


async def ready(backup: PostgresqlBackup, folders: Sequence[Path]) -> Equipment:
    """The pg_restore whose version is the server's, else the next newer one, as for pg_dump."""
    async with _entrance(backup) as conn:
        server = conn.info.server_version
        row = await (await conn.execute(SQL("may_create"))).fetchone()
    found, wanted = await tools("pg_restore", folders), server // 10000
    if not found:
        raise Rejected(f"pg_restore is not installed: {advice(wanted)}")
    fitting = [tool for tool in found if tool.major >= wanted]
    if not fitting:
        raise Rejected(f"pg_restore {found[-1].version} is older than PostgreSQL {written(server)}: {advice(wanted)}")
    if row and not row[0]:
        raise Rejected(
            f"its account {row[1]} may not create databases, and a backup is restored into a new one: "
            f"ALTER ROLE {row[1]} CREATEDB"
        )
    chosen, others = nearest(fitting), [tool.path for tool in fitting]
    return Equipment(chosen.path, f"pg_restore {chosen.version}", f"PostgreSQL {written(server)}", others)


async def fill(backup: PostgresqlBackup, scratch: str, content: Content, equipment: Equipment) -> None:
    """Ends at the first thing that cannot be restored: half a database is none."""
    await _create(backup, scratch)
    await fill_with(backup, scratch, content, equipment)


async def counts(backup: PostgresqlBackup, database: str = "") -> Mapping[str, int]:
    """The rows of every table, seen at one instant."""
    async with _inside(backup, database, COUNT_WITHIN_S) as conn:
        return {table.name: await _rows(conn, table) for table in await tables_of(conn)}


async def ask(backup: PostgresqlBackup, database: str, question: str) -> object:
    """The first column of the first row; None when there is no row. Nothing can be changed by asking."""
    asking = f"asking “{question}”"
    async with (
        _inside(backup, database, ANSWER_WITHIN_S) as conn,
        hung_up_on(conn, ANSWER_WITHIN_S + GRACE_S, asking),
    ):
        # Prepared, so that it is one statement: a second one could end our read-only transaction.
        row = await (await conn.execute(question.encode(), prepare=True)).fetchone()
    return row[0] if row else None


async def exists(backup: PostgresqlBackup, database: str = "") -> bool:
    async with _entrance(backup) as conn:
        return await _stands(conn, database or target_of(backup))


async def exchange(backup: PostgresqlBackup, scratch: str, aside: str) -> bool:
    target = target_of(backup)
    async with _entrance(backup) as conn, _entrance(backup) as other:
        stands = await _stands(conn, target)
        await exchange_names(conn, other, scratch=scratch, target=target, aside=aside if stands else None)
    return stands


async def drop(backup: PostgresqlBackup, scratch: str) -> None:
    if not scratch.startswith(OURS):
        raise Rejected(f"{scratch} is none of Tocsin's own databases")
    async with _entrance(backup) as conn:
        await conn.execute(SQL("drop", scratch=scratch))


def target_of(backup: PostgresqlBackup) -> str:
    """The database by name. Raises Rejected when only PostgreSQL's client would know it."""
    parameters = parameters_of(backup)
    if name := parameters.get("dbname") or parameters.get("user"):
        return name
    raise Rejected("its address does not name the database: add `database`")


async def _create(backup: PostgresqlBackup, scratch: str) -> None:
    """As the target is: with its encoding and its way of sorting. Where it is gone, as the server's own."""
    async with _entrance(backup) as conn:
        found = await (await conn.execute(SQL("kind_of"), {"name": target_of(backup)})).fetchone()
        await conn.execute(SQL("create", scratch=scratch) if found is None else _create_like(scratch, found[0]))


def _create_like(scratch: str, options: str) -> bytes:
    """The options were written, and quoted, by PostgreSQL itself."""
    return SQL("create", scratch=scratch).as_bytes().rstrip(b";") + b" " + options.encode()


async def _rows(conn: AsyncConnection, table: Table) -> int:
    async with hung_up_on(conn, COUNT_WITHIN_S + GRACE_S, f"counting the rows of {table.name}"):
        return await rows_of(conn, table)


async def _stands(conn: AsyncConnection, database: str) -> bool:
    row = await (await conn.execute(SQL("stands"), {"name": database})).fetchone()
    return row is not None and bool(row[0])


@asynccontextmanager
async def _entrance(backup: PostgresqlBackup) -> AsyncIterator[AsyncConnection]:
    """A connection to the server, but not to the target."""
    async with _translated(backup), await _enter(backup) as conn, hung_up_on(conn, DEED_WITHIN_S, "what it was told"):
        yield conn


async def _enter(backup: PostgresqlBackup) -> AsyncConnection:
    """By the first door that opens; raises what the first one said."""
    said: list[Unreachable] = []
    for name in [name for name in ENTRANCES if name != parameters_of(backup).get("dbname")]:
        try:
            return await connect(backup, name)
        except Unreachable as error:
            said.append(error)
    raise said[0]


@asynccontextmanager
async def _inside(backup: PostgresqlBackup, database: str, within_s: int) -> AsyncIterator[AsyncConnection]:
    """One instant of a database, only to be read, and not for longer than that."""
    async with _translated(backup), await connect(backup, database) as conn:
        await conn.execute(SQL("read_only"))
        await conn.execute(SQL("patience"), {"milliseconds": str(within_s * 1000)})
        async with conn.transaction():
            yield conn


@asynccontextmanager
async def _translated(backup: PostgresqlBackup) -> AsyncIterator[None]:
    try:
        yield
    except (errors.QueryCanceled, errors.LockNotAvailable) as error:
        raise Unanswered("it took too long") from error
    except (psycopg.OperationalError, OSError) as error:
        raise Unreachable(cause_of(str(error), backup.target.redactions())) from error
    except psycopg.Error as error:
        raise Rejected(fit_to_show(str(error), backup.target.redactions())) from error
