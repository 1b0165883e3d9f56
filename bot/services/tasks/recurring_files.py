"""A month's recurring tasks as a CSV file, posted in the channel where somebody asked for it."""

import csv
from collections.abc import Sequence
from datetime import date
from io import StringIO

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.tasks.recurring import Occurrence
from bot.domain.text import no_formula
from bot.services.outbox.kinds import DeliveryKind, Outcome
from bot.services.rooms.posts import Posts
from bot.services.rooms.room_files import RoomFile, RoomPosting
from bot.services.tasks.recurring import RecurringTasks
from bot.store import requests
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

COLUMNS = ("task", "every", "due_at", "state", "done_at", "done_by", "late_s", "evidence")


class RecurringFiles(DeliveryKind[str]):
    """Deliveries of kind `recurring_file`; payload: `channel`, `month` (its first day), and who asked (`by`)."""

    def __init__(self, db: Database, clock: Clock, tasks: RecurringTasks, posting: RoomPosting, posts: Posts) -> None:
        self._db = db
        self._clock = clock
        self._tasks = tasks
        self._posting = posting
        self._posts = posts

    async def ask(self, actor: Actor, first: date, channel: str) -> None:
        """Have it posted; idempotent per request, and a double click counts once. `first`: the month's first day."""
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            payload: dict[str, object] = {"channel": channel, "month": first.isoformat(), "by": actor.name}
            await self._posting.put(conn, "recurring_file", f"recurring file {channel} {first:%Y-%m}", payload)

    async def send(self, delivery: Delivery) -> str:
        """Post the file and return its id. Its name says how many tasks were done."""
        first = date.fromisoformat(delivery.payload["month"])
        found = await self._tasks.of_month(first)
        done = sum(one.done_at is not None for one in found)
        name = f"tasks-{first:%Y-%m}-{done}-of-{len(found)}-done.csv"
        file = RoomFile(name, _table(found), f"Recurring tasks of {first:%B %Y}")
        return await self._posting.post(delivery, delivery.payload["channel"], file)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        """Tell whoever asked if the file couldn't be posted."""
        if outcome.state in ("refused", "gave_up"):
            facts = {"first": date.fromisoformat(delivery.payload["month"]), "reason": outcome.error}
            await self._posts.to_person(conn, delivery.payload["by"], "recurring_not_filed", **facts)


def _table(found: Sequence[Occurrence]) -> str:
    out = StringIO()
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for one in found:
        state = "done" if one.done_at else "missed" if one.missed_at else "open"
        late = round(one.late.total_seconds()) if one.late is not None else ""
        done_at = one.done_at.isoformat() if one.done_at else ""
        values = (one.what, one.every, one.due_at.isoformat(), state, done_at, one.done_by or "", late, one.evidence)
        rows.writerow([no_formula(str(value)) for value in values])
    return out.getvalue()
