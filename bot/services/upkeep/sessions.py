"""Does each database connection have its own session? A pooler may switch to transaction mode at any time."""

import logging
from datetime import timedelta

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.services.outbox.duty import Duty
from bot.store.connections import WAY_ROUND
from bot.store.database import Database
from bot.store.errors import POOLED, Pooled

log = logging.getLogger(__name__)


# Direct connections have their own sessions. A pooler that we can't detect is noticed by its mix-ups, or after this
# time.
LOOK_ANYWAY_AFTER = timedelta(minutes=1)


class Sessions:
    """Behind a pooler, sessions are compared every second. Without own sessions nothing is claimed: no bell is heard,
    and our time limits don't hold.

    Work in hand is finished.
    """

    def __init__(self, db: Database, clock: Clock, duty: Duty) -> None:
        self._db = db
        self._clock = clock
        self._duty = duty
        self._are_own = True
        self._due_at = clock.elapsed()

    async def look(self) -> None:
        """If the database doesn't answer, the last result stands. Never raises Failed."""
        if self._db.is_pooled or self._clock.elapsed() >= self._due_at:
            await self._compare()

    async def _compare(self) -> None:
        try:
            await self._db.must_be_sessions()
        except Pooled:
            if self._are_own:
                log.error("sessions: %s. Nothing is claimed until it gives sessions. %s", POOLED, WAY_ROUND)
            self._are_own = False
            self._duty.suspend("sessions")
        except Failed:
            return
        else:
            self._due_at = self._clock.elapsed() + LOOK_ANYWAY_AFTER
            if not self._are_own:
                log.warning("sessions: each line has its own again")
            self._are_own = True
            self._duty.resume("sessions")

    def must_be_own(self) -> None:
        """Raises Pooled."""
        if not self._are_own:
            raise Pooled(POOLED)
