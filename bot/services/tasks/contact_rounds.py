"""Everybody is asked to confirm how they are reached when work is due that this proves, while people are at work."""

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
    """Any number of processes: one of them asks at a time. A round is one time that the work was due."""

    due_rows = None

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, confirmations: Confirmations, pace: Pace) -> None:
        self._db = db
        self._clock = clock
        # Nobody is woken to say that they can be: without hours of the runbook, the usual ones.
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
        """None without such work: that a round of an older runbook is over is found by the sweep."""
        return self._pace.next(self._clock.now()) if self._tasks else None
