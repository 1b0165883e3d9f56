"""Withdraws an acknowledgement when the incident has gone quiet, and resumes paging."""

from datetime import datetime

from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import unanswered
from bot.rendering import time_shown
from bot.runbook import Runbook
from bot.services.paging.due_steps import DueStep
from bot.services.paging.steps import Steps
from bot.services.people.people import People
from bot.services.rooms.rooms import Rooms
from bot.store.incidents import incidents
from bot.store.paging import escalations
from bot.store.pipelined import Connection


class Withdrawals:
    """Runs inside the transaction that has the incident locked."""

    def __init__(self, runbook: Runbook, people: People, steps: Steps, rooms: Rooms) -> None:
        self._runbook = runbook
        self._people = people
        self._steps = steps
        self._rooms = rooms

    async def withdraw(self, conn: Connection, incident: Incident, heard_at: datetime, now: datetime) -> None:
        """Withdraw the acknowledgement and page the next tier; after the last one, the first."""
        name = self._people.known_name(incident.acknowledged_by or "")
        escalation = await escalations.lock(conn, incident.id)
        ladder = unanswered(escalation.ladder, now)
        await incidents.unacknowledge(conn, incident.id)
        since = time_shown(heard_at, self._runbook.timezone, now)
        words = f"the acknowledgement of {name} is withdrawn: no update since {since}"
        await incidents.write(
            conn, incident.id, "system", words, actor=TOCSIN.name, at=now, key=f"withdrawn {ladder.run}"
        )
        open_again = await incidents.get(conn, incident.id)
        climbing = escalation.moved_to(ladder, snoozed_until=None)
        reason = f"{name} acknowledged, then went quiet"
        await self._steps.begin(conn, DueStep(open_again, climbing, now, reason, silent=True))
        await self._rooms.show(conn, open_again)
