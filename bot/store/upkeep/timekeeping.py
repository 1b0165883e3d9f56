"""The database's time, and the timers that a clock which was set has left too far ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

# What has timers, in the order in which they are put right; each has a statement.
KINDS = (
    "entries", "ends", "instants",
    "ladders", "pages", "later_pages", "outbox", "limits", "requests", "deadlines", "tasks", "checklists", "recurring",
    "occurrences", "nudges", "watches", "breaches", "injects", "postmortems", "actions", "action_lists",
    "reminders", "silences", "alerts", "rests", "answers", "firing", "groups", "disputes", "inactivity",
    "maintenance", "procedures", "heartbeats", "checks", "handovers", "nights",
    "backups", "backup_objectives", "backup_reports", "drills", "drill_sweeps", "restores", "restore_sweeps",
    "approvals", "room_archives",
)  # fmt: skip


@dataclass(frozen=True)
class Waits:
    """The longest that anything waits by its own rule: until a page counts as unreached, a lease, another try, until
    a way that is limited is tried and how long after that the limit is remembered, until an alert that nobody answered
    pages, and until one of which two members say different things fires again."""

    reach_within: timedelta
    lease: timedelta
    longest_backoff: timedelta
    longest_limit: timedelta
    limit_remembered: timedelta
    page_after: timedelta
    contradicted_for: timedelta


async def time(conn: Connection) -> datetime:
    now: datetime = (await SQL.the(conn, "time"))["now"]
    return now


async def ring(conn: Connection) -> None:
    """Have every process look at the clock."""
    await SQL.all(conn, "ring")


async def put_right(conn: Connection, now: datetime, waits: Waits, *, by: timedelta) -> Mapping[str, int]:
    """Bring whatever is due later than its own wait allows back to that; how many rows of each kind that were. `by` is
    what the clock was set by, as far as known: negative when it was set back. Changes nothing a second time."""
    values = {"now": now, "by": min(by, timedelta(0)), **vars(waits)}
    changed = {kind: await SQL.run(conn, kind, **values) for kind in KINDS}
    return {kind: count for kind, count in changed.items() if count}
