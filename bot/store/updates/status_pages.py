"""Status pages, and what they show, as they are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.updates.public_work import SentOfWork
from bot.domain.updates.status_page import Sent
from bot.store.due_rows import DueRows
from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

# More words than anybody reads: of what is over the oldest are left out.
AT_MOST = 500


@dataclass(frozen=True)
class PageRow:
    """`written_at`: when its files were written last, None: never. `error`: why they were not since."""

    audience: str
    feed: str
    began_at: datetime
    version: int
    written_at: datetime | None
    error: str | None


async def keep(conn: Connection, audience: str, feed: str, *, now: datetime, is_written: bool) -> None:
    """Know this page. `feed` is for a new one. `is_written`: it has files, which are due now."""
    await SQL.run(conn, "keep", audience=audience, feed=feed, now=now, due_at=now if is_written else None)


async def rest(conn: Connection, besides: Iterable[str]) -> None:
    await SQL.run(conn, "rest", audiences=list(besides))


async def page(conn: Connection, audience: str) -> PageRow:
    return PageRow(**await SQL.the(conn, "page", audience=audience))


async def next_version(conn: Connection, audience: str, now: datetime) -> PageRow:
    """With a version of its own; the page is held until the commit."""
    instant = round(now.timestamp() * 1_000_000)
    return PageRow(**await SQL.the(conn, "next_version", audience=audience, instant=instant))


async def sent(conn: Connection, audience: str, since: datetime) -> list[Sent]:
    """Of incidents that are open all of it, of others what was sent since then; in no order."""
    return [Sent(**row) for row in await SQL.all(conn, "sent", audience=audience, since=since, limit=AT_MOST)]


async def sent_of_works(conn: Connection, audience: str, since: datetime) -> list[SentOfWork]:
    """As `sent`, of planned work."""
    values = {"audience": audience, "since": since, "limit": AT_MOST}
    return [SentOfWork(**row) for row in await SQL.all(conn, "sent_of_works", **values)]


async def make_due(conn: Connection, now: datetime) -> None:
    await SQL.run(conn, "make_due", now=now)


async def due(conn: Connection, now: datetime, every: timedelta) -> list[str]:
    """The audiences whose pages are due; nothing is claimed."""
    return [row["audience"] for row in await SQL.all(conn, "due", now=now, every=every)]


async def put_off(conn: Connection, audiences: Iterable[str], now: datetime, every: timedelta) -> None:
    """Each is due again that much later."""
    await SQL.run(conn, "put_off", audiences=list(audiences), now=now, every=every)


async def failing(conn: Connection) -> list[PageRow]:
    """Those whose files could not be written the last time."""
    return [PageRow(**row) for row in await SQL.all(conn, "failing")]


def due_rows() -> DueRows:
    return DueRows(SQL)


async def note(
    conn: Connection, audience: str, *, written_at: datetime | None = None, error: str | None = None
) -> None:
    await SQL.run(conn, "note", audience=audience, written_at=written_at, error=error)
