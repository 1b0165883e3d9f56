"""How often each error of an application was reported, by the minute."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.alerts.error_reports import SOURCE, ReportedError, ReportedErrors
from bot.domain.alerts.received import LEVELS
from bot.store.alerts.alerts import sliced
from bot.store.pipelined import Connection
from bot.store.queries import Queries
from bot.store.rows import Row

SQL = Queries(__file__)


async def add(conn: Connection, times: Mapping[str, int], now: datetime) -> None:
    """Add to the count of each error, by fingerprint."""
    for some in sliced(sorted(times)):
        rows: list[Row] = [{"fingerprint": one, "count": times[one]} for one in some]
        await SQL.rows(conn, "add", rows, now=now)


async def reported(conn: Connection, since: datetime, *, limit: int) -> ReportedErrors:
    """Counts whole minutes, from the one that contains `since`; the gravest first, then the most frequent."""
    rows = await SQL.all(conn, "worst", source=SOURCE, levels=list(LEVELS), since=since, limit=limit)
    total = await SQL.the(conn, "total", source=SOURCE, since=since)
    return ReportedErrors(worst=[ReportedError(**row) for row in rows], **total)


async def forget_old(conn: Connection, before: datetime) -> int:
    return await SQL.run(conn, "forget_old", before=before)
