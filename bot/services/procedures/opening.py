"""Opens the procedure that belongs to an incident's alert, without being asked."""

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.runbook.procedures import Procedure
from bot.services.procedures.runs import ProcedureRuns
from bot.store.pipelined import Connection
from bot.store.procedures import procedures


class ProcedureOpening:
    """Opens each procedure at most once per incident, and none while another run is under way there."""

    def __init__(self, clock: Clock, runs: ProcedureRuns) -> None:
        self._clock = clock
        self._runs = runs

    async def offer(self, conn: Connection, incident: Incident, procedure: Procedure) -> bool:
        """Open it unless that was done before. False: another is under way, so people have to be asked instead.

        The caller holds the incident's alert.
        """
        known = await procedures.of_incident(conn, incident.id)
        if any(run.key == procedure.key for run in known):
            return True
        if any(run.ended_at is None for run in known):
            return False
        await self._runs.open_within(conn, incident, procedure, TOCSIN, self._clock.now())
        return True
