"""Runs of an incident's ladder: started by the declaration, started again, stopped."""

from dataclasses import replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import started_again, stopped
from bot.services.paging.due_steps import DueStep
from bot.services.paging.ladder_ends import LADDER
from bot.services.paging.pages import Pages
from bot.services.paging.roster import Roster
from bot.services.paging.steps import Steps
from bot.services.rooms.prompts import Prompts
from bot.store.paging import escalations
from bot.store.pipelined import Connection


class LadderRuns:
    """Runs inside the transaction that has the incident locked."""

    def __init__(self, clock: Clock, roster: Roster, paging: Pages, steps: Steps, prompts: Prompts) -> None:
        self._clock = clock
        self._roster = roster
        self._paging = paging
        self._steps = steps
        self._prompts = prompts

    async def arm(self, conn: Connection, incident: Incident, *, due_at: datetime, at_once: bool = False) -> None:
        """Start a new incident's ladder and take its first step in the declaring transaction, or have it wait for
        working hours.

        `due_at`: when it was asked for, which may be a while ago after a crash. `at_once`: ignore working hours.
        """
        now = self._clock.now()
        policy = self._roster.policy(incident.severity)
        policy = replace(policy, hours=None) if at_once else policy
        await self._steps.begin(conn, DueStep(incident, await escalations.arm(conn, incident.id, policy, now), due_at))

    async def start_again(self, conn: Connection, incident: Incident) -> datetime | None:
        """Start a new run from the first step: the severity was raised before anybody answered, or the incident
        reopened.

        Returns when it begins if it waits for working hours, else None.
        """
        now = self._clock.now()
        escalation = await escalations.lock(conn, incident.id)
        await self._paging.cancel_waiting(conn, incident)
        await self._prompts.answered(conn, incident.id, LADDER)
        policy = self._roster.policy(incident.severity)
        ladder = started_again(escalation.ladder, policy, now)
        await self._steps.begin(conn, DueStep(incident, escalation.moved_to(ladder, snoozed_until=None), now))
        begins = policy.begins(now)
        return None if begins == now else begins

    async def stop(self, conn: Connection, incident: Incident) -> None:
        escalation = await escalations.lock(conn, incident.id)
        await escalations.save(conn, escalation.moved_to(stopped(escalation.ladder), reach_by=None, snoozed_until=None))
        await self._paging.cancel_waiting(conn, incident)
