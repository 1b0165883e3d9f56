"""Snoozes nudges and reminders in a room."""

from datetime import timedelta

from bot.domain.incidents.nudge import PATIENCE, NudgeKind
from bot.services.incidents.nudges import SNOOZES
from commands.desk.call import Answer, Call
from commands.desk.carried import number, outdated
from commands.desk.which_incident import incident_of_button
from commands.incident.book import COMMAND


@COMMAND.button("nudge.snooze")
async def snooze(call: Call) -> Answer:
    incident, (_, kind, minutes) = await incident_of_button(call), (*call.value.split(" ", 2), "", "")[:3]
    until = await call.house.nudges.snooze(call.actor, incident.id, nudge_kind(kind), snoozed_for(minutes))
    return call.say("nudge_snoozed", until=until)


@COMMAND.button("audience.snooze")
async def snooze_update(call: Call) -> Answer:
    """An empty audience is the room itself."""
    incident, rest = await incident_of_button(call), call.value.partition(" ")[2]
    audience, _, minutes = rest.rpartition(" ")
    until = await call.house.reminder_snoozes.snooze(call.actor, incident.id, audience, snoozed_for(minutes))
    return call.say("nudge_snoozed", until=until)


def nudge_kind(word: str) -> NudgeKind:
    """The kind of nudge named. Raises Refused."""
    found = next((kind for kind in PATIENCE if kind == word), None)
    if found is None:
        raise outdated("button")
    return found


def snoozed_for(minutes: str) -> timedelta:
    """One of the durations offered. Raises Refused."""
    span = timedelta(minutes=number(minutes))
    if span not in SNOOZES:
        raise outdated("button")
    return span
