"""Nudges: ask the room of an open incident for what is missing, a limited number of times; people can snooze them."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident, must_be_open
from bot.domain.incidents.nudge import PATIENCE, Nudge, NudgeKind, Patience, is_lacking, is_wanted, patience_of
from bot.domain.people.working_hours import after
from bot.runbook import Runbook
from bot.services.incidents.rounds import IncidentRound
from bot.services.rooms.asks import Asks
from bot.services.rooms.deeds import Deeds, Moment
from bot.slack.blocks import Button
from bot.store.database import Database
from bot.store.incidents import inactivity, nudges
from bot.store.pipelined import Connection

SNOOZES = (timedelta(minutes=15), timedelta(minutes=30))
MINUTE = timedelta(minutes=1)


class Nudges(IncidentRound):
    """Time counts only in the hours in which the severity is paged. Drills are nudged too."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, asks: Asks, deeds: Deeds) -> None:
        super().__init__(db, clock, nudges.ROWS)
        self._runbook = runbook
        self._asks = asks
        self._deeds = deeds

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        if moment != "declared":
            await self._asks.show(conn, incident.id, [key_of(incident.id, kind) for kind in PATIENCE])
        if moment == "resolved" or incident.is_test_page:
            await nudges.forget_all(conn, incident.id)
        elif moment in ("declared", "reopened"):
            for kind in PATIENCE:
                if kind != "monitoring" and self._is_wanted(kind, incident):
                    await self._begin(conn, incident, kind)
        elif moment == "severity":
            known = await nudges.of_incident(conn, incident.id)
            for kind in ("word", "impact"):
                if kind not in known and self._is_wanted(kind, incident):
                    await self._begin(conn, incident, kind)
        elif moment == "status" and incident.status == "monitoring" and self._is_wanted("monitoring", incident):
            await self._begin(conn, incident, "monitoring")

    async def look(self, conn: Connection, incident: Incident, now: datetime) -> None:
        for nudge in (await nudges.of_incident(conn, incident.id)).values():
            if nudge.due_at <= now:
                await self._look(conn, incident, nudge, now)

    async def snooze(self, actor: Actor, incident_id: int, kind: NudgeKind, duration: timedelta) -> datetime:
        """Ask once more, not before the time returned. Raises Refused when the incident is resolved."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "snooze this")
            until, patience = now + duration, self._patience(kind)
            known = (await nudges.of_incident(conn, incident.id)).get(kind)
            asked = min(known.asked, patience.most - 1) if known else patience.most - 1
            await nudges.save(conn, Nudge(incident.id, kind, until, now, asked))
        return until

    async def _look(self, conn: Connection, incident: Incident, nudge: Nudge, now: datetime) -> None:
        patience = self._patience(nudge.kind)
        heard_at = await self._heard_at(conn, incident) if nudge.kind == "word" else None
        if not incident.is_open or not self._is_wanted(nudge.kind, incident) or not is_lacking(nudge.kind, incident):
            await nudges.forget(conn, incident.id, nudge.kind)
        elif heard_at and (silent_at := self._after(incident, heard_at, patience.first)) > now:
            # Activity restarts the full wait.
            await nudges.save(conn, replace(nudge, due_at=silent_at, set_at=now))
        else:
            await self._asks.ask(conn, incident.id, key_of(incident.id, nudge.kind))
            again_at = self._after(incident, now, patience.again)
            asked = replace(nudge, due_at=again_at, set_at=now, asked=nudge.asked + 1)
            if asked.asked < patience.most:
                await nudges.save(conn, asked)
            else:
                await nudges.forget(conn, incident.id, nudge.kind)

    async def _begin(self, conn: Connection, incident: Incident, kind: NudgeKind) -> None:
        now = self._clock.now()
        due_at = self._after(incident, now, self._patience(kind).first)
        await nudges.save(conn, Nudge(incident.id, kind, due_at, now))

    async def _heard_at(self, conn: Connection, incident: Incident) -> datetime:
        """When anything was last heard. Capped at now, in case the database clock was set back."""
        return min(await inactivity.heard_at(conn, incident.id) or incident.declared_at, self._clock.now())

    def _after(self, incident: Incident, since: datetime, span: timedelta) -> datetime:
        severity = self._runbook.severity_as_declared(incident.severity)
        return after(self._runbook.hours_of(severity), since, span)

    def _patience(self, kind: NudgeKind) -> Patience:
        return patience_of(kind, self._runbook.after_resolution.watch_for)

    def _is_wanted(self, kind: NudgeKind, incident: Incident) -> bool:
        severity = self._runbook.severity_as_declared(incident.severity)
        # Severities that withdraw acknowledgements ask by themselves, in `inactivity`.
        if kind == "word" and severity.escalation.unacknowledge:
            return False
        return is_wanted(
            kind,
            user_facing=severity.user_facing,
            update_every=severity.update_every,
            watch_for=self._runbook.after_resolution.watch_for,
        )


def key_of(incident_id: int, kind: NudgeKind) -> str:
    """The key of its cards."""
    return f"nudge:{incident_id}.{kind}"


def buttons_of(incident: Incident, kind: NudgeKind) -> list[Button]:
    value = str(incident.id)
    deeds: dict[NudgeKind, Button] = {
        "lead": Button("I'll lead", "incident.lead", value),
        "word": Button("Post update", "incident.update", value),
        "impact": Button("Describe impact", "incident.impact", value),
        "long": Button("Resolve", "incident.resolve", value),
        "monitoring": Button("Resolve", "incident.resolve", value),
    }
    return [deeds[kind], *(snooze_button(f"{value} {kind}", span, "nudge.snooze") for span in SNOOZES)]


def snooze_button(value: str, span: timedelta, name: str) -> Button:
    """`value` identifies what is snoozed."""
    minutes = span // MINUTE
    return Button(f"Snooze {minutes} min", f"{name}#{minutes}", f"{value} {minutes}")
