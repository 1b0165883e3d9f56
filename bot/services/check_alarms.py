"""What follows when a check is believed ill, grows worse or recovers: one card, and an incident where it is wanted."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.check import Finding, State, level_of
from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incident import Incident
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.runbook.health import Check
from bot.services.cards import Cards, Painted
from bot.services.channels import Channels
from bot.services.incidents import Incidents
from bot.services.posts import Posts
from bot.slack.blocks import Button, message
from bot.store import check_alarms, incidents, requests
from bot.store.check_alarms import Alarm
from bot.store.database import Database
from bot.store.queries import Connection


class CheckAlarms:
    """Raises, changes and ends the alarms of checks; the painter of `check:<alarm id>`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        channels: Channels,
        cards: Cards,
        posts: Posts,
        declaring: Incidents,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._channels = channels
        self._cards = cards
        self._posts = posts
        self._declaring = declaring
        self._rendering = rendering
        cards.painted_by("check", self.paint)

    async def turn(self, conn: Connection, check: Check, state: State, finding: Finding, *, since: datetime) -> None:
        """The belief in a check has changed to `state`; in the transaction that writes that down."""
        now = self._clock.now()
        alarm = await check_alarms.lock_open(conn, check.key)
        if state == "healthy":
            if alarm:
                await self._end(conn, alarm, now)
            return
        if alarm is None:
            alarm = await check_alarms.begin(conn, check.key, state, finding, since=since, now=now)
        else:
            await check_alarms.change(conn, alarm.id, state, finding)
        if state == "down" and check.declare and alarm.incident_id is None:
            await self._declare(conn, TOCSIN, await check_alarms.get(conn, alarm.id), check.declare)
        await self._show(conn, alarm)

    async def acknowledge(self, actor: Actor, alarm_id: int) -> None:
        """Somebody looks into it. Raises AlreadyDone for the second."""
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            alarm = await check_alarms.lock(conn, alarm_id)
            if alarm.acknowledged_by:
                raise AlreadyDone(f"Somebody is looking into {alarm.check_name} already: its card says who.")
            await check_alarms.acknowledge(conn, alarm.id, actor.name)
            await self._show(conn, alarm)

    async def declare(self, actor: Actor, alarm_id: int) -> Incident:
        """Declare an incident for this alarm, or attach it to the open one of the same check. Raises Refused."""
        async with self._db.transaction() as conn:
            alarm = await check_alarms.lock(conn, alarm_id)
            if alarm.incident_id is not None:
                incident = await incidents.get(conn, alarm.incident_id)
                raise AlreadyDone(f"{alarm.check_name} has its incident already: {incident.ref}.")
            check = self._runbook.health.checks.get(alarm.check_name)
            if check is None:
                raise Refused(f"The runbook has no check “{alarm.check_name}” any more. `/incident declare <title>`?")
            incident = await self._declare(conn, actor, alarm, check.declare)
            await self._show(conn, alarm)
        return incident

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        alarm = await check_alarms.get(conn, int(subject))
        check = self._runbook.health.checks.get(alarm.check_name)
        incident = await incidents.get(conn, alarm.incident_id) if alarm.incident_id else None
        level = level_of(alarm.state, check.level if check else "high")
        words = self._rendering.say("slack/check_card", alarm=alarm, level=level, incident=incident)
        channel = await self._channels.find(self._runbook.channels.alerts)
        return Painted(channel, message(words, _buttons(alarm)))

    async def _declare(self, conn: Connection, actor: Actor, alarm: Alarm, severity: str | None) -> Incident:
        origin = {"check": alarm.check_name}
        incident = await incidents.of_origin(conn, origin)
        if incident is None:
            title = self._rendering.say("documents/check_title", alarm=alarm)
            incident = await self._declaring.declare_within(conn, actor, title, severity=severity, origin=origin)
        else:
            await requests.once(conn, actor, self._clock.now())
            await self._tell(conn, incident.id, alarm, "again")
        await check_alarms.attach(conn, alarm.id, incident.id)
        return incident

    async def _end(self, conn: Connection, alarm: Alarm, now: datetime) -> None:
        await check_alarms.close(conn, alarm.id, now)
        if alarm.incident_id is not None:
            await self._tell(conn, alarm.incident_id, alarm, "recovered")
        await self._show(conn, alarm)

    async def _tell(self, conn: Connection, incident_id: int, alarm: Alarm, moment: str) -> None:
        """In the timeline of the incident and in its room."""
        words = self._rendering.say("documents/check_turn", alarm=alarm, moment=moment)
        now = self._clock.now()
        key = f"check alarm {alarm.id} {moment}"
        if await incidents.write(conn, incident_id, "system", words, actor=TOCSIN.name, at=now, key=key):
            await self._posts.in_room(conn, incident_id, "check_turn", alarm=alarm, moment=moment)

    async def _show(self, conn: Connection, alarm: Alarm) -> None:
        await self._cards.touch(conn, f"check:{alarm.id}")


def _buttons(alarm: Alarm) -> list[Button]:
    if alarm.closed_at:
        return []
    value = str(alarm.id)
    acknowledge = [] if alarm.acknowledged_by else [Button("Acknowledge", "health.acknowledge", value, "primary")]
    declare = [] if alarm.incident_id else [Button("Declare incident", "health.declare", value, "danger")]
    return [*acknowledge, *declare]
