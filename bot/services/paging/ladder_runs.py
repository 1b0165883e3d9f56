"""A run of an incident's ladder: it begins with the declaration, begins again, and stops."""

from dataclasses import replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import started_again, stopped
from bot.services.paging.due_steps import DueStep
from bot.services.paging.pages import Pages
from bot.services.paging.roster import Roster
from bot.services.paging.steps import Steps
from bot.store.paging import escalations
from bot.store.pipelined import Connection


class LadderRuns:
    """Within the transaction that holds the incident."""

    def __init__(self, clock: Clock, roster: Roster, paging: Pages, steps: Steps) -> None:
        self._clock = clock
        self._roster = roster
        self._paging = paging
        self._steps = steps

    async def arm(self, conn: Connection, incident: Incident, *, due_at: datetime, at_once: bool = False) -> None:
        """Start the ladder of a new incident and take its first step, in the transaction that declares it; or have it
        wait for working hours.

        `due_at` is when somebody asked for it: after a crash that may be a while ago. `at_once`: at any hour.
        """
        now = self._clock.now()
        policy = self._roster.policy(incident.severity)
        policy = replace(policy, hours=None) if at_once else policy
        await self._steps.begin(conn, DueStep(incident, await escalations.arm(conn, incident.id, policy, now), due_at))

    async def start_again(self, conn: Connection, incident: Incident) -> datetime | None:
        """A new run from the first step: raised while nobody had answered, or reopened.

        Returns when it begins, of one that waits for working hours.
        """
        now = self._clock.now()
        escalation = await escalations.lock(conn, incident.id)
        await self._paging.cancel_waiting(conn, incident)
        policy = self._roster.policy(incident.severity)
        ladder = started_again(escalation.ladder, policy, now)
        await self._steps.begin(conn, DueStep(incident, escalation.moved_to(ladder, snoozed_until=None), now))
        begins = policy.begins(now)
        return None if begins == now else begins

    async def stop(self, conn: Connection, incident: Incident) -> None:
        escalation = await escalations.lock(conn, incident.id)
        await escalations.save(conn, escalation.moved_to(stopped(escalation.ladder), reach_by=None, snoozed_until=None))
        await self._paging.cancel_waiting(conn, incident)
