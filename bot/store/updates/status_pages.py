"""The table of status pages, and what they show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.updates.public_work import SentOfWork
from bot.domain.updates.status_page import Sent
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

# More than anybody reads; the oldest texts about what is over are left out.
AT_MOST = 500


@dataclass(frozen=True)
class PageRow:
    """`written_at`: when its files were last written, None: never. `error`: why writing has failed since."""

    audience: str
    feed: str
    began_at: datetime
    version: int
    written_at: datetime | None
    error: str | None


async def keep(conn: Connection, audience: str, feed: str, *, now: datetime, is_written: bool) -> None:
    """Register this page. `feed` is used for a new one only. `is_written`: it has files, which are due now."""
    await SQL.run(conn, "keep", audience=audience, feed=feed, now=now, due_at=now if is_written else None)


async def rest(conn: Connection, besides: Iterable[str]) -> None:
    await SQL.run(conn, "rest", audiences=list(besides))


async def page(conn: Connection, audience: str) -> PageRow:
    return PageRow(**await SQL.the(conn, "page", audience=audience))


async def next_version(conn: Connection, audience: str, now: datetime) -> PageRow:
    """Take a version of its own; the page is locked until the commit."""
    instant = round(now.timestamp() * 1_000_000)
    return PageRow(**await SQL.the(conn, "next_version", audience=audience, instant=instant))


async def sent(conn: Connection, audience: str, since: datetime) -> list[Sent]:
    """Everything sent about open incidents, and what was sent about others since then; unordered."""
    return [Sent(**row) for row in await SQL.all(conn, "sent", audience=audience, since=since, limit=AT_MOST)]


async def sent_of_works(conn: Connection, audience: str, since: datetime) -> list[SentOfWork]:
    """As `sent`, for planned work."""
    values = {"audience": audience, "since": since, "limit": AT_MOST}
    return [SentOfWork(**row) for row in await SQL.all(conn, "sent_of_works", **values)]


async def make_due(conn: Connection, now: datetime) -> None:
    await SQL.run(conn, "make_due", now=now)


async def due(conn: Connection, now: datetime, every: timedelta) -> list[str]:
    """The audiences whose pages are due; nothing is claimed."""
    return [row["audience"] for row in await SQL.all(conn, "due", now=now, every=every)]


async def put_off(conn: Connection, audiences: Iterable[str], now: datetime, every: timedelta) -> None:
    """Make each due again that much later."""
    await SQL.run(conn, "put_off", audiences=list(audiences), now=now, every=every)


async def failing(conn: Connection) -> list[PageRow]:
    """Those whose files could not be written last time."""
    return [PageRow(**row) for row in await SQL.all(conn, "failing")]


def due_rows() -> DueRows:
    return DueRows(SQL)


async def note(
    conn: Connection, audience: str, *, written_at: datetime | None = None, error: str | None = None
) -> None:
    await SQL.run(conn, "note", audience=audience, written_at=written_at, error=error)
