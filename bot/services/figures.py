"""How things stand, in numbers: what is open, what has yet to leave, what is late, and who has it in hand."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.metrics import Figures
from bot.store import dues, escalations, incidents, outbox, pages
from bot.store.database import Database
from bot.store.queries import Connection

ON_TIME = timedelta(0)
# Whatever leaves, together.
OUTBOX = "outbox"


async def figures(db: Database, clock: Clock) -> Figures:
    """Counted at one moment in one transaction. Raises Unreachable."""
    now = clock.now()
    async with db.transaction() as conn:
        open_ones = await incidents.open_ones(conn, limit=100_000)
        armed = await escalations.armed(conn)
        leaving = await outbox.unfinished(conn)
        paged = await pages.counts(conn)
        late = await overdue(conn, now)
        held = await dues.in_hand(conn, now)
    return Figures(
        incidents_open=Counter((incident.severity, incident.drill) for incident in open_ones),
        pages={(row["via"], row["state"]): row["count"] for row in paged},
        unfinished={(row["kind"], row["state"]): row["count"] for row in leaving},
        escalations_armed=armed,
        overdue=late,
        in_hand=held,
    )


async def overdue(conn: Connection, now: datetime) -> Mapping[str, timedelta]:
    """By how much the oldest row of each kind is behind its time, and of the whole outbox; zero when none is."""
    behind = {"escalations": ON_TIME, "requests": ON_TIME, OUTBOX: ON_TIME}
    for one in await dues.oldest(conn):
        by = max(now - one.due_at, ON_TIME)
        behind[one.kind] = by
        if one.is_outbox:
            behind[OUTBOX] = max(behind[OUTBOX], by)
    return behind
