"""The database's time, and the repair of timers left too far ahead when its clock was set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)

# What has timers, in the order of repair; each is a statement.
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
    """The longest regular waits: until a page counts as unreached, a lease, a back-off, until the last look at
    what Slack may have done late, until a limited way is probed and how long after that the limit is remembered, until
    an unanswered alert pages, and until an alert whose members contradict each other fires again."""

    reach_within: timedelta
    lease: timedelta
    longest_backoff: timedelta
    last_look: timedelta
    longest_limit: timedelta
    limit_remembered: timedelta
    page_after: timedelta
    contradicted_for: timedelta


async def time(conn: Connection) -> datetime:
    now: datetime = (await SQL.the(conn, "time"))["now"]
    return now


async def ring(conn: Connection) -> None:
    """Make every process check the clock."""
    await SQL.all(conn, "ring")


async def put_right(conn: Connection, now: datetime, waits: Waits, *, by: timedelta) -> Mapping[str, int]:
    """Pull in everything due later than its own wait allows; returns the number of rows changed, by kind. `by`: how
    much the clock was set, if known; negative when set back. Idempotent."""
    values = {"now": now, "by": min(by, timedelta(0)), **vars(waits)}
    changed = {kind: await SQL.run(conn, kind, **values) for kind in KINDS}
    return {kind: count for kind, count in changed.items() if count}
