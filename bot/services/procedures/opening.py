"""What opens by itself in an incident's room: the procedure that belongs to its alert."""

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.runbook.procedures import Procedure
from bot.services.procedures.runs import ProcedureRuns
from bot.store.pipelined import Connection
from bot.store.procedures import procedures


class ProcedureOpening:
    """Once in an incident, and one beside no other: whoever works through one is not given a second to look at."""

    def __init__(self, clock: Clock, runs: ProcedureRuns) -> None:
        self._clock = clock
        self._runs = runs

    async def offer(self, conn: Connection, incident: Incident, procedure: Procedure) -> bool:
        """With the incident's alert held. False: another is under way, so people are to be asked about this one."""
        known = await procedures.of_incident(conn, incident.id)
        if any(run.key == procedure.key for run in known):
            return True
        if any(run.ended_at is None for run in known):
            return False
        await self._runs.open_within(conn, incident, procedure, TOCSIN, self._clock.now())
        return True
