"""How we and PostgreSQL's own programs connect to a PostgreSQL from the runbook.

Programs get the connection parameters in their environment, never as arguments, which everybody on the machine can see.
Whatever the address leaves out has the program's own default, as with psql.
"""

import asyncio
import os
import re
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import AsyncConnection, errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from bot.domain.errors import Failed, Rejected, Unanswered, Unreachable
from bot.domain.saying import cause_of, fit_to_show, gone_away, whole_to_show, with_going
from bot.dumpers._programs import base_environment, every_program, what_it_says
from bot.dumpers._statements import Statements
from bot.runbook.backups import PostgresqlBackup
from bot.wire.opening import opened

SQL = Statements(__file__)

CONNECT_TIMEOUT_S = 10


@dataclass(frozen=True)
class Tool:
    """A program that was found. `version` as it prints it: 16.14."""

    path: Path
    version: str

    @property
    def numbers(self) -> list[int]:
        return [int(part) for part in self.version.split(".")]

    @property
    def major(self) -> int:
        return self.numbers[0]


async def connect(backup: PostgresqlBackup, database: str = "") -> AsyncConnection:
    """Connect to the backup's database, or to another one on its server, in autocommit mode.

    Time-outs and the search_path that are set for the account or the database are neutralised.

    Raises Unreachable, without a password in it; its `__cause__` is PostgreSQL's own error.
    """
    # Our own statements are UTF-8, whatever encoding the database uses.
    ours = {"connect_timeout": str(CONNECT_TIMEOUT_S), "client_encoding": "UTF8"}
    parameters = parameters_of(backup, database) | ours
    opening = AsyncConnection.connect(autocommit=True, **parameters)  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await _plain(await opened(opening, lambda conn: conn.pgconn.finish()))
    except TimeoutError as error:
        raise Unreachable(f"the server did not answer within {CONNECT_TIMEOUT_S}s") from error
    except (psycopg.Error, OSError) as error:
        raise Unreachable(cause_of(str(error), backup.target.redactions())) from error


async def _plain(conn: AsyncConnection) -> AsyncConnection:
    try:
        await conn.execute(SQL("plain_session"))
    except BaseException:
        await conn.close()
        raise
    return conn


@asynccontextmanager
async def hung_up_on(conn: AsyncConnection, seconds: float, what: str) -> AsyncIterator[None]:
    """Hang up on the server if the block takes longer than `seconds`: a hung server doesn't even react to a
    cancellation.

    Raises Unanswered: `what` took too long.
    """
    timer = asyncio.get_running_loop().call_later(seconds, hang_up, conn)
    begun_s = time.monotonic()
    try:
        yield
    except (psycopg.OperationalError, OSError) as error:
        if time.monotonic() - begun_s < seconds:
            raise
        raise Unanswered(f"{what} took longer than {_span(seconds)}: its server does not answer") from error
    finally:
        timer.cancel()


def hang_up(conn: AsyncConnection) -> None:
    """Shut the socket down, so that whoever waits for an answer on it gets an error at once."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(conn.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:g} s"


async def tools(name: str, folders: Sequence[Path]) -> list[Tool]:
    """Every program of this name that runs here, oldest version first."""
    found = [await tool_at(path) for path in every_program(name, folders)]
    return sorted((tool for tool in found if tool), key=lambda tool: tool.numbers)


async def tool_at(path: Path) -> Tool | None:
    """None if it doesn't run here."""
    version = re.search(rb"\(PostgreSQL\) (\d+(?:\.\d+)*)", await what_it_says(path, "--version"))
    return Tool(path, version[1].decode()) if version else None


def nearest(fitting: Sequence[Tool]) -> Tool:
    """The newest of the lowest major version, which is the server's own if available. `fitting`: oldest first, not
    empty."""
    return [tool for tool in fitting if tool.major == fitting[0].major][-1]


def parameters_of(backup: PostgresqlBackup, database: str = "") -> dict[str, str]:
    """The connection parameters. A database named in the runbook takes precedence over the address's."""
    try:
        parameters = conninfo_to_dict(backup.target.reveal())
    except psycopg.Error as error:
        raise Rejected("its address cannot be read") from error
    named = {name: str(value) for name, value in parameters.items() if value is not None}
    # Otherwise the address decides; its query may override the database in its path, as for every client.
    name = database or backup.database_name
    return named | ({"dbname": name} if name else {})


def target_of(backup: PostgresqlBackup) -> str:
    """The name of the database. Raises Rejected if it isn't given, so that only libpq would know its default."""
    parameters = parameters_of(backup)
    if name := parameters.get("dbname") or parameters.get("user"):
        return name
    raise Rejected("its address does not name the database: add `database`")


def environment_for(backup: PostgresqlBackup, database: str = "") -> Mapping[str, str]:
    """The connection as libpq's variables. Parameters that have none, such as keepalives, keep their defaults."""
    variables = {option.keyword.decode(): option.envvar for option in Conninfo.get_defaults()}
    parameters = parameters_of(backup, database)
    named = {variables[name]: value for name, value in parameters.items() if variables.get(name)}
    return base_environment() | {variable.decode(): value for variable, value in named.items() if variable}


def failed(said: str, backup: PostgresqlBackup, *, program: str, otherwise: type[Failed]) -> Failed:
    """The error for a PostgreSQL program that failed, with all it said. Unreachable if the server went away, which is
    then said first because `PQgetCopyData() failed` tells people nothing; else `otherwise`."""
    words = f"{program}: {whole_to_show(said, backup.target.redactions())}"
    return Unreachable(with_going(said, words)) if gone_away(said) else otherwise(words)


@asynccontextmanager
async def translated(backup: PostgresqlBackup) -> AsyncIterator[None]:
    """Translate errors of our own statements into ours, without a password in them."""
    try:
        yield
    except (errors.QueryCanceled, errors.LockNotAvailable) as error:
        raise Unanswered("it took too long") from error
    except (psycopg.OperationalError, OSError) as error:
        said = cause_of(str(error), backup.target.redactions())
        raise Unreachable(with_going(str(error), said)) from error
    except psycopg.Error as error:
        raise Rejected(fit_to_show(str(error), backup.target.redactions())) from error


def written(version: int) -> str:
    """The version for people: 16.14 for PostgreSQL's 160014."""
    return f"{version // 10000}.{version % 10000}"


def advice(major: int) -> str:
    """How to install the programs in at least this version; 0: any version."""
    programs = f"PostgreSQL's client programs, version {major} or newer" if major else "PostgreSQL's client programs"
    package = f"postgresql-client-{major}" if major else "postgresql-client"
    return f"install {programs} (`apt install {package}`, `brew install libpq`), and have them on the PATH"
