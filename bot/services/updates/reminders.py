"""Reminders of promised updates: the room is asked before and when due; once late, the next tier is paged."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import AlreadyDone
from bot.domain.incidents.incident import Incident
from bot.domain.people.working_hours import after, opening
from bot.domain.updates.cadence import Promise, promise
from bot.domain.updates.promises import next_promised
from bot.domain.updates.update import Update
from bot.rendering import time_shown
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.services.incidents.nudges import SNOOZES, snooze_button
from bot.services.incidents.rounds import IncidentRound
from bot.services.outbox.kinds import NotKnownHere
from bot.services.paging.escalations import Escalations
from bot.services.rooms.deeds import Deeds, Moment
from bot.services.rooms.prompts import Prompts
from bot.services.updates.wording import Wordings, said_next
from bot.slack.blocks import Button
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.updates import reminders, updates

# The incident's own room; no audience has this key.
ROOM = ""
LOOK_AGAIN_AFTER = timedelta(seconds=20)


class Reminders(IncidentRound):
    """For each audience: by the time in its last text, its own `update_every`, the severity's, or the latest update;
    for the room: by the severity or the latest update."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        prompts: Prompts,
        wordings: Wordings,
        escalations: Escalations,
    ) -> None:
        super().__init__(db, clock, reminders.ROWS)
        self._runbook = runbook
        self._prompts = prompts
        self._wordings = wordings
        self._escalations = escalations

    async def make(self, conn: Connection, incident: Incident, audience: Audience, update: Update) -> None:
        """Plan the next update after this one is sent: by the time in it, else by the interval. None after the end."""
        now, written_at = self._clock.now(), update.promises_since
        named = next_promised(update.text, written_at, self._runbook.timezone)
        promised_at = named.at if named else self._wordings.next_update(incident, audience, written_at)
        if not incident.is_open:
            promised_at = None
        elif promised_at and promised_at <= now:
            # A past time in it would not have been approved, so it names none: the interval starts now.
            promised_at, written_at = self._wordings.next_update(incident, audience, now), now
        await self._keep(conn, incident, audience.key, promised_at, told_at=written_at)

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        """The room's own interval, restarted by each update. Severities that withdraw acknowledgements ask by
        themselves."""
        if moment not in ("declared", "reopened", "updated", "severity", "resolved"):
            return
        severity = self._runbook.severity_as_declared(incident.severity)
        now, by_rhythm = self._clock.now(), severity.update_every
        if severity.escalation.unacknowledge or not incident.is_open:
            promised_at = None
        elif (said := said_next(incident)) and said > now:
            promised_at = said
        else:
            promised_at = after(self._runbook.hours_of(severity), now, by_rhythm) if by_rhythm else None
        # A new incident has not promised anything yet.
        if promised_at or moment != "declared":
            await self._keep(conn, incident, ROOM, promised_at)

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        for one in await reminders.of_incident(conn, incident.id):
            if one.due_at <= now:
                await self._look(conn, incident, one, now)

    async def _keep(
        self, conn: Connection, incident: Incident, audience: str, promised_at: datetime | None,
        *, told_at: datetime | None = None,
    ) -> None:  # fmt: skip
        """Save the promise. `told_at`: since when they wait for more; None: from now."""
        await self._prompts.answered(conn, incident.id, about(audience))
        if promised_at:
            now = self._clock.now()
            await reminders.save(conn, promise(incident.id, audience, told_at or now, promised_at), now)
        else:
            await reminders.forget(conn, incident.id, audience)

    async def _look(self, conn: Connection, incident: Incident, one: Promise, now: datetime) -> None:
        """Counts from now, not from due_at: after an outage of ours the room is reminded once, not many times."""
        if one.audience not in (ROOM, *self._runbook.audiences):
            await self._leave_to_others(conn, one, now)
        elif not incident.is_open:
            # They do not know that it is over: say so once, unless they never heard of it.
            if one.audience in await updates.last_received(conn, incident.id):
                await self._ask(conn, incident, one, "audience_waits")
            await reminders.forget(conn, incident.id, one.audience)
        elif one.stage == "near" and now < one.promised_at:
            await self._ask(conn, incident, one, "update_near")
            await reminders.save(conn, replace(one, stage="due", due_at=one.promised_at), now)
        else:
            if one.stage == "late":
                await self._page_for(conn, incident, one, now)
            await self._ask(conn, incident, one, "audience_waits")
            await self._go_on(conn, incident, one, now)

    async def _leave_to_others(self, conn: Connection, one: Promise, now: datetime) -> None:
        """During a rollout of a new runbook, another process may know this audience."""
        if now - one.promised_at < NotKnownHere.WAITED_FOR:
            await reminders.save(conn, replace(one, due_at=now + LOOK_AGAIN_AFTER), now)
        else:
            await reminders.forget(conn, one.incident_id, one.audience)

    async def _go_on(self, conn: Connection, incident: Incident, one: Promise, now: datetime) -> None:
        """An audience is reminded of until told; the room, which sees its own reminders, not once it is late."""
        severity = self._runbook.severity_as_declared(incident.severity)
        due_at = opening(self._runbook.hours_of(severity), now + one.span)
        if one.stage in ("near", "due"):
            await reminders.save(conn, replace(one, stage="late", due_at=due_at), now)
        elif one.audience != ROOM:
            await reminders.save(conn, replace(one, stage="again", due_at=due_at), now)
        else:
            await reminders.forget(conn, incident.id, ROOM)

    async def _page_for(self, conn: Connection, incident: Incident, one: Promise, now: datetime) -> None:
        """Page the next tier: a promise was broken, and the person who acknowledged has not reacted. Not while the
        ladder is climbing anyway, nor for an interval nobody promised explicitly."""
        was_given = one.audience != ROOM or said_next(incident) is not None
        if was_given and incident.is_acknowledged:
            whom = one.audience or "the room"
            by = time_shown(one.promised_at, self._runbook.timezone, now)
            waiting = await updates.waiting(conn, incident.id, one.audience) if one.audience else None
            why = self._wordings.late(whom, by, waits=waiting is not None)
            await self._escalations.page_next(conn, incident, TOCSIN, why, silent=True)

    async def _ask(self, conn: Connection, incident: Incident, one: Promise, template: str) -> None:
        own = str(incident.facts.get("update") or ""), one.told_at
        words, at = (await reminders.last_words(conn, incident.id, one.audience) or ("", None)) if one.audience else own
        waiting = await updates.waiting(conn, incident.id, one.audience) if one.audience else None
        facts = {"incident": incident, "reminder": one, "last": words, "last_at": at, "waiting": waiting}
        value = f"{incident.id} {one.audience}".rstrip()
        deed = tell_button(incident, one.audience) if one.audience else update_button(incident)
        snoozes = [snooze_button(value, span, "audience.snooze") for span in SNOOZES]
        # An update waiting for approval has its own buttons, and new words would replace it.
        buttons = [*([] if waiting else [deed]), *(snoozes if incident.is_open else ())]
        await self._prompts.ask(conn, incident, about(one.audience), template, buttons, **facts)


class ReminderSnoozes:
    """Lets the reminded person choose when to be asked again."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds

    async def snooze(self, actor: Actor, incident_id: int, audience: str, duration: timedelta) -> datetime:
        """Remind nobody before the time returned. Raises AlreadyDone if they have been told meanwhile."""
        async with self._deeds.on(actor, incident_id) as (conn, _, now):
            until = now + duration
            if not await reminders.put_off(conn, incident_id, audience, until, now):
                raise AlreadyDone("They got an update meanwhile, so there is nothing to snooze.")
        return until


def about(audience: str) -> str:
    """The subject an update to them answers."""
    return f"update {audience}".rstrip()


def tell_button(incident: Incident, audience: str, *, label: str | None = None) -> Button:
    """Opens the form with the words for this audience."""
    return Button(label or f"Tell {audience}", f"audience.tell#{audience}", f"{incident.id} {audience}")


def update_button(incident: Incident) -> Button:
    return Button("Post update", "incident.update", str(incident.id))
