"""Archiving: closes the room of a resolved incident once nobody has needed it for the time set in the runbook."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.runbook import Runbook
from bot.services.incidents.rounds import IncidentRound
from bot.services.rooms.archives import AGAIN_AFTER, LastFiles
from bot.services.rooms.deeds import Moment
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.rooms import archives


class Archiving(IncidentRound):
    """Includes drills. The time is fixed when the incident ends: `channels.archive_after` added or changed later
    applies from the next end on, so older rooms stay; removing the key stops all archiving."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, files: LastFiles) -> None:
        super().__init__(db, clock, archives.ROWS)
        self._runbook = runbook
        self._files = files

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        after = self._runbook.channels.archive_after
        if moment == "reopened":
            await archives.forget(conn, incident.id)
            if after:
                await self._files.call_off(conn, incident)
        elif moment == "resolved" and after and not incident.is_test_page:
            now = self._clock.now()
            await archives.save(conn, incident.id, (incident.resolved_at or now) + after, now=now)

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        due_at = await archives.due_at(conn, incident.id)
        if due_at is None or due_at > now:
            return
        is_wanted = self._runbook.channels.archive_after and incident.room_id and not incident.room_closed
        if is_wanted and incident.resolved_at and await archives.is_needed(conn, incident.id):
            await archives.save(conn, incident.id, now + AGAIN_AFTER, now=now)
            return
        await archives.forget(conn, incident.id)
        if is_wanted and incident.resolved_at:
            await self._files.put(conn, incident, incident.resolved_at)
