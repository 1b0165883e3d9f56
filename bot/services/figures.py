"""How things stand, in numbers: what is open, what has yet to leave, and what is behind its time."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.metrics import Figures
from bot.store import escalations, incidents, outbox, pages
from bot.store.database import Database

ON_TIME = timedelta(0)


async def figures(db: Database, clock: Clock) -> Figures:
    """Counted at one moment in one transaction. Raises Unreachable."""
    now = clock.now()
    async with db.transaction() as conn:
        open_ones = await incidents.open_ones(conn, limit=100_000)
        armed = await escalations.armed(conn)
        leaving = await outbox.unfinished(conn)
        paged = await pages.counts(conn)
    return Figures(
        incidents_open=Counter((incident.severity, incident.drill) for incident in open_ones),
        pages={(row["via"], row["state"]): row["count"] for row in paged},
        unfinished={(row["kind"], row["state"]): row["count"] for row in leaving},
        escalations_armed=armed["armed"],
        overdue={
            "escalations": _behind(armed, now),
            "outbox": max((_behind(row, now) for row in leaving), default=ON_TIME),
        },
    )


def _behind(row: Mapping[str, Any], now: datetime) -> timedelta:
    """How long ago this was due; zero when it is not due yet."""
    due_at: datetime | None = row["due_at"]
    return max(now - due_at, ON_TIME) if due_at else ON_TIME
