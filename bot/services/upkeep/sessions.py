"""Has each line to the database a session of its own? A pooler may be switched to transaction mode under a bot."""

import logging

from bot.domain.errors import Failed
from bot.services.outbox.duty import Duty
from bot.store.connections import WAY_ROUND
from bot.store.database import Database
from bot.store.errors import POOLED, Pooled

log = logging.getLogger(__name__)


class Sessions:
    """Looked at every second. Without sessions nothing is claimed: what one line has prepared, another one carries out.

    What is in hand is ended.
    """

    def __init__(self, db: Database, duty: Duty) -> None:
        self._db = db
        self._duty = duty
        self._are_own = True

    async def look(self) -> None:
        """A database that does not answer leaves what was known. Never raises Failed."""
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
            if not self._are_own:
                log.warning("sessions: each line has its own again")
            self._are_own = True
            self._duty.resume("sessions")

    def must_be_own(self) -> None:
        """Raises Pooled."""
        if not self._are_own:
            raise Pooled(POOLED)
