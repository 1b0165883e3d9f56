"""Inactivity: an acknowledged incident goes quiet. The room is asked first; then paging resumes."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.incidents.inactivity import QUIET_FOR, look
from bot.domain.incidents.incident import Incident
from bot.domain.people.working_hours import after
from bot.runbook import Runbook, Severity
from bot.services.incidents.rounds import IncidentRound
from bot.services.incidents.withdrawals import Withdrawals
from bot.services.rooms.deeds import Moment
from bot.services.rooms.posts import Posts
from bot.store.database import Database
from bot.store.incidents import inactivity
from bot.store.incidents.inactivity import QuietTimer
from bot.store.pipelined import Connection


class Inactivity(IncidentRound):
    """For severities with `unacknowledge` in their escalation. Anything a person does to the incident counts as
    activity."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, posts: Posts, withdrawals: Withdrawals) -> None:
        super().__init__(db, clock, inactivity.ROWS)
        self._runbook = runbook
        self._posts = posts
        self._withdrawals = withdrawals

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        if moment not in ("declared", "reopened", "severity"):
            return
        severity = self._runbook.severity_as_declared(incident.severity)
        if not severity.escalation.unacknowledge or severity.update_every is None:
            await inactivity.forget(conn, incident.id)
            return
        due_at = after(self._runbook.hours_of(severity), self._clock.now(), QUIET_FOR * severity.update_every)
        await inactivity.save(conn, QuietTimer(incident.id, None, due_at))

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        timer = await inactivity.of_incident(conn, incident.id)
        if timer is None or timer.due_at > now:
            return
        severity = self._runbook.severity_as_declared(incident.severity)
        every, hours = severity.update_every, self._runbook.hours_of(severity)
        if not incident.is_open or not severity.escalation.unacknowledge or every is None:
            await inactivity.forget(conn, incident.id)
        elif incident.acknowledged_at is None:
            # Somebody who acknowledges later gets at least this long.
            await inactivity.save(conn, QuietTimer(incident.id, None, after(hours, now, QUIET_FOR * every)))
        else:
            # If the database clock was set back since, the recorded time may be in the future.
            heard_at = min(await inactivity.heard_at(conn, incident.id) or incident.acknowledged_at, now)
            seen = look(heard_at, timer.asked_at, every, now, hours)
            await inactivity.save(conn, QuietTimer(incident.id, seen.asked_at, seen.again_at))
            if seen.deed == "ask":
                await self._ask(conn, incident, severity, heard_at)
            elif seen.deed == "withdraw":
                await self._withdrawals.withdraw(conn, incident, heard_at, now)

    async def _ask(self, conn: Connection, incident: Incident, severity: Severity, heard_at: datetime) -> None:
        facts = {"incident": incident, "heard_at": heard_at, "every": severity.update_every}
        await self._posts.in_room(conn, incident, "gone_quiet", **facts)
