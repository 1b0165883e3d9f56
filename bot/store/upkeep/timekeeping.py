"""The database's time, and the timers that a clock which was set has left too far ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class Waits:
    """The longest that anything waits by its own rule: until a page counts as unreached, a lease, another try, until
    an alert that nobody answered pages, and until one of which two members say different things fires again."""

    reach_within: timedelta
    lease: timedelta
    longest_backoff: timedelta
    page_after: timedelta
    contradicted_for: timedelta


async def time(conn: Connection) -> datetime:
    now: datetime = (await SQL.the(conn, "time"))["now"]
    return now


async def ring(conn: Connection) -> None:
    """Have every process look at the clock."""
    await SQL.all(conn, "ring")


async def put_right(conn: Connection, now: datetime, waits: Waits, *, by: timedelta) -> Mapping[str, int]:
    """Bring whatever is due later than its own wait allows back to that; how many rows of each kind that were.

    `by` is what the clock was set by, as far as known: negative when it was set back. Changes nothing a second time.
    """
    values = {"now": now, "by": min(by, timedelta(0)), **vars(waits)}
    changed = {
        "ladders": await SQL.run(conn, "ladders", **values),
        "pages": await SQL.run(conn, "pages", **values),
        "outbox": await SQL.run(conn, "outbox", **values),
        "limits": await SQL.run(conn, "limits", **values),
        "requests": await SQL.run(conn, "requests", **values),
        "deadlines": await SQL.run(conn, "deadlines", **values),
        "tasks": await SQL.run(conn, "tasks", **values),
        "checklists": await SQL.run(conn, "checklists", **values),
        "nudges": await SQL.run(conn, "nudges", **values),
        "reminders": await SQL.run(conn, "reminders", **values),
        "silences": await SQL.run(conn, "silences", **values),
        "alerts": await SQL.run(conn, "alerts", **values),
        "rests": await SQL.run(conn, "rests", **values),
        "answers": await SQL.run(conn, "answers", **values),
        "firing": await SQL.run(conn, "firing", **values),
        "disputes": await SQL.run(conn, "disputes", **values),
        "inactivity": await SQL.run(conn, "inactivity", **values),
        "maintenance": await SQL.run(conn, "maintenance", **values),
        "heartbeats": await SQL.run(conn, "heartbeats", **values),
        "checks": await SQL.run(conn, "checks", **values),
        "backups": await SQL.run(conn, "backups", **values),
        "drills": await SQL.run(conn, "drills", **values),
        "restores": await SQL.run(conn, "restores", **values),
    }
    return {kind: count for kind, count in changed.items() if count}
