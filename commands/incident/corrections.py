"""Corrects or hides timeline entries, and follows edited or deleted messages behind them."""

from dataclasses import replace

from bot.domain.actor import TOCSIN
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.slack.blocks import Input, clip, form
from bot.store.incidents.incidents import Entry
from commands.desk.call import Answer, Call, Form
from commands.desk.carried import number
from commands.desk.past import past_moment
from commands.desk.which_incident import incident_of_button, incident_of_form, titled
from commands.incident.book import COMMAND
from commands.incident.story import key_of, words_of

ENTRIES_OFFERED = 100
WHY_LENGTH = 300
CHANGED, DELETED = "message_changed", "message_deleted"
HIDE = "hide"


@COMMAND.button("incident.correct")
async def ask(call: Call) -> Answer:
    incident = await incident_of_button(call)
    entries = await call.house.incidents.timeline(incident.id)
    if not entries:
        raise Refused(f"{incident.ref} has no entry to correct.")
    return _form(call, incident, entries[: -ENTRIES_OFFERED - 1 : -1])


@COMMAND.form("incident.correct")
async def submitted(call: Call) -> Answer:
    incident = await incident_of_form(call)
    entry, when, why = number(call.values["entry"]), call.values["when"].strip(), call.values["why"]
    if call.values["shown"] == HIDE:
        await call.house.corrections.hide(call.actor, incident.id, entry, why)
        return call.say("done", what="hidden", incident=incident)
    if not when:
        raise Refused("Nothing was changed: give the entry another time, or hide it.")
    at, rest = await past_moment(when, now=call.house.clock.now(), zone=call.house.runbook.timezone)
    if rest:
        raise Refused(f"“{when}” has more in it than a time. Put the reason into its own field.")
    await call.house.corrections.move(call.actor, incident.id, entry, at, why)
    return call.say("done", what="moved", incident=incident)


async def followed(call: Call) -> None:
    """Follow an edited or deleted message; most are in no timeline."""
    incident = await call.house.incidents.of_room(call.channel) if call.channel else None
    if incident is None:
        return
    # Slack does not always say who did it.
    actor = replace(call.actor, name=TOCSIN.name)
    if call.message["subtype"] == DELETED:
        key = key_of(call.channel, str(call.message.get("deleted_ts")))
        await call.house.corrections.deleted(actor, incident.id, key)
        return
    message = call.message.get("message") or {}
    key = key_of(call.channel, str(message.get("ts")))
    await call.house.corrections.edited(actor, incident.id, key, await words_of(call, message))


def _form(call: Call, incident: Incident, entries: list[Entry]) -> Form:
    zone = call.house.runbook.timezone
    offered = [
        (str(one.id), clip(f"{one.at.astimezone(zone):%d %b %H:%M} {one.kind} {one.text}", 75)) for one in entries
    ]
    inputs = [
        Input("entry", "Entry", options=offered, value=offered[0][0]),
        Input(
            "when",
            "It was at",
            optional=True,
            max_length=80,
            hint=f"14:05, yesterday 23:50 ({zone}). Leave empty to keep it.",
        ),
        Input("shown", "Show it", options=[("show", "Yes"), (HIDE, "No, hide it")], value="show"),
        Input("why", "Why", optional=True, max_length=WHY_LENGTH, hint="The export shows who changed what, and why."),
    ]
    return Form(
        form("incident.correct", titled("Timeline", incident), inputs, submit="Correct", private=str(incident.id))
    )
