"""A round over incidents: locks and handles each that is due, in a transaction of its own."""

import logging
from abc import abstractmethod
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.domain.incidents.incident import Incident
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows, IncidentRows
from bot.store.incidents import incidents
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

AT_ONCE = 100
# Retry delay after a bug of ours.
SET_ASIDE = timedelta(minutes=1)


class IncidentRound(DueByRows):
    """Safe in any number of processes: the first to lock an incident handles it, the others find nothing due.

    Lock order is the incident, then its rows, as in every deed; the reverse could deadlock.
    """

    def __init__(self, db: Database, clock: Clock, rows: IncidentRows) -> None:
        self._db = db
        self._clock = clock
        self._rows = rows

    @abstractmethod
    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        """Handle whatever is due for this incident, which is locked."""

    async def take_due(self) -> int:
        now = self._clock.now()
        async with self._db.statement() as conn:
            due = await self._rows.due(conn, now, AT_ONCE)
        for incident_id in due:
            await self._take(incident_id, now)
        return len(due)

    @property
    def due_rows(self) -> DueRows:
        return self._rows.due_rows()

    async def _take(self, incident_id: int, now: datetime) -> None:
        try:
            async with self._db.transaction() as conn:
                await self.look(conn, await incidents.lock(conn, incident_id), now)
        except Failed:
            raise
        except Exception:
            log.exception("incident=%s could not be handled", incident_id)
            async with self._db.transaction() as conn:
                await self._rows.push_ahead(conn, incident_id, now=now, until=now + SET_ASIDE)
