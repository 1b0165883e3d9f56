"""Asks everybody to confirm that they can be reached, in working hours, while a task proved by that is due."""

from datetime import datetime, time

from bot.clock import Clock
from bot.domain.people.working_hours import WorkingHours
from bot.runbook import Runbook
from bot.services.paging.confirmations import Confirmations
from bot.services.tasks.pace import Pace
from bot.store.database import Database
from bot.store.tasks import recurring

WORKDAYS = frozenset(range(5))
BEGINS, ENDS = time(9), time(17)


class ContactRounds:
    """Any number of processes may run this: a lock lets one ask at a time. Each occurrence of the task is a round."""

    due_rows = None

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, confirmations: Confirmations, pace: Pace) -> None:
        self._db = db
        self._clock = clock
        # Nobody is woken for this: if the runbook has no working hours, office hours apply.
        self._hours = runbook.hours or WorkingHours(WORKDAYS, BEGINS, ENDS, runbook.timezone)
        known = runbook.maintenance.recurring.items()
        self._tasks = [key for key, one in known if one.proved_by and one.proved_by.kind == "contacts"]
        self._confirmations = confirmations
        self._pace = pace

    async def take_due(self) -> int:
        now = self._clock.now()
        if not self._pace.takes(now):
            return 0
        done = await self._confirmations.end_over()
        if self._tasks and self._hours.is_open(now):
            async with self._db.transaction() as conn:
                for one in await recurring.rounds(conn, self._tasks):
                    done += await self._confirmations.ask_round(conn, one.id)
        return done

    async def next_due(self) -> datetime | None:
        """None without such tasks; rounds left by an older runbook are then ended by the sweep."""
        return self._pace.next(self._clock.now()) if self._tasks else None
