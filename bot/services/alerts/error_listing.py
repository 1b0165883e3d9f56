"""Errors reported by applications, grouped and counted, for people to look at."""

from datetime import timedelta

from bot.clock import Clock
from bot.domain.alerts.error_reports import ReportedErrors
from bot.domain.errors import Refused
from bot.services.alerts.alerts import KEPT_FOR
from bot.store.alerts import error_counts
from bot.store.database import Database

SHOWN = 15


class ErrorListing:
    """Reads the counts made when the reports came in."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def within(self, span: timedelta) -> ReportedErrors:
        """Errors of this time up to now, by whole minutes. Raises Refused if it is longer than counts are kept, or
        zero."""
        if not timedelta(0) < span <= KEPT_FOR:
            raise Refused(f"Errors are counted for {KEPT_FOR.days} days: say a time from 1m to {KEPT_FOR.days}d.")
        async with self._db.transaction() as conn:
            return await error_counts.reported(conn, self._clock.now() - span, limit=SHOWN)
