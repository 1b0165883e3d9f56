"""What happens to planned work when due: the notice, the start, the question at its end, the overrun update."""

import logging
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.errors import Failed
from bot.domain.maintenance.window import Window
from bot.services.incidents.rounds import SET_ASIDE
from bot.services.maintenance.transitions import Transitions
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.maintenance import maintenance
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

AT_ONCE = 20


class WindowRounds(DueByRows):
    """The row's due time is the timer. Any number of processes may run this: the row's lock lets one take a step."""

    def __init__(self, db: Database, clock: Clock, transitions: Transitions) -> None:
        self._db = db
        self._clock = clock
        self._transitions = transitions

    async def take_due(self) -> int:
        now = self._clock.now()
        async with self._db.statement() as conn:
            due = await maintenance.due(conn, now=now, limit=AT_ONCE)
        for window_id in due:
            await self._look(window_id, now)
        return len(due)

    @property
    def due_rows(self) -> DueRows:
        return maintenance.due_rows()

    async def _look(self, window_id: int, now: datetime) -> None:
        """In a transaction of its own: one that fails because of a bug is retried later, and blocks no other."""
        try:
            async with self._db.transaction() as conn:
                await self._take(conn, await maintenance.lock(conn, window_id), now)
        except Failed:
            raise
        except Exception:
            log.exception("maintenance=%s could not be handled", window_id)
            async with self._db.transaction() as conn:
                await maintenance.push_ahead(conn, window_id, now + SET_ASIDE)

    async def _take(self, conn: Connection, window: Window, now: datetime) -> None:
        match window.step(now):
            case "announce":
                await self._transitions.announce(conn, window)
            case "begin":
                await self._transitions.begin(conn, window, TOCSIN)
            case "ask":
                await self._transitions.ask(conn, window)
            case "overrun":
                await self._transitions.overrun(conn, window)
            case None:
                await maintenance.save(conn, window)
