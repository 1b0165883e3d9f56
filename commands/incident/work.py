"""Working on an incident: what changed, how grave it is, where the work stands, and its end."""

from collections.abc import Mapping

from bot.domain.errors import Refused
from bot.domain.incident import STATUSES, Incident
from bot.runbook import parse_duration
from bot.slack.blocks import Input, form
from commands.about import about_an_incident, incident_of_button, titled
from commands.call import Answer, Call, Form
from commands.incident.book import COMMAND
from commands.incident.look import panel_again


@COMMAND.verb("update", usage="update [text]", help="say what changed; without words a form opens")
@about_an_incident("incident update")
async def update(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _update_form(incident)
    await call.house.notes.update(call.actor, incident.id, call.text)
    return call.say("done", what="updated", incident=incident)


@COMMAND.button("incident.update")
async def ask_update(call: Call) -> Answer:
    return _update_form(await incident_of_button(call))


def judge_update(values: Mapping[str, str]) -> Mapping[str, str]:
    wrong = {} if values["update"].strip() else {"update": "Type what changed, in a sentence."}
    try:
        parse_duration(values["next_update"] or "0s")
    except Refused as refusal:
        wrong["next_update"] = f"{refusal}."
    return wrong


@COMMAND.form("incident.update", judge_update)
async def updated(call: Call) -> Answer:
    facts = {name: value for name, value in call.values.items() if name != "update"}
    changed = await call.house.notes.update(call.actor, int(call.private), call.values["update"], facts)
    return _unless_in_room(call, changed, "updated")


@COMMAND.verb("severity", "sev", usage="severity <SEV> [why]", help="raise it freely, lower it with a reason")
@about_an_incident("incident severity")
async def severity(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _severity_form(call, incident)
    wanted, why = call.house.runbook.severity_first(call.text)
    changed = await call.house.incidents.set_severity(call.actor, incident.id, wanted.id, why)
    return call.say("done", what="severity", incident=changed)


@COMMAND.form("incident.severity")
async def severity_chosen(call: Call) -> Answer:
    wanted, why = call.values["severity"], call.values["why"]
    changed = await call.house.incidents.set_severity(call.actor, int(call.private), wanted, why)
    return _unless_in_room(call, changed, "severity")


@COMMAND.verb("status", usage=f"status <{'|'.join(STATUSES)}>", help="where the work stands")
@about_an_incident("incident status")
async def status(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _status_form(incident)
    changed = await call.house.incidents.set_status(call.actor, incident.id, call.text)
    return call.say("done", what="status", incident=changed)


@COMMAND.form("incident.status")
async def status_chosen(call: Call) -> Answer:
    changed = await call.house.incidents.set_status(call.actor, int(call.private), call.values["status"])
    return _unless_in_room(call, changed, "status")


@COMMAND.verb("impact", usage="impact [text]", help="what users notice")
@about_an_incident("incident impact")
async def impact(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _impact_form(incident)
    await call.house.notes.set_impact(call.actor, incident.id, call.text)
    return call.say("done", what="impact", incident=incident)


def judge_impact(values: Mapping[str, str]) -> Mapping[str, str]:
    return {} if values["impact"].strip() else {"impact": "Type what users notice, in a sentence."}


@COMMAND.form("incident.impact", judge_impact)
async def impact_described(call: Call) -> Answer:
    changed = await call.house.notes.set_impact(call.actor, int(call.private), call.values["impact"])
    return _unless_in_room(call, changed, "impact")


@COMMAND.verb("acknowledge", "ack", usage="acknowledge", help="somebody is on it: paging stops")
@about_an_incident("incident acknowledge")
async def acknowledge(call: Call, incident: Incident) -> Answer:
    changed = await call.house.escalations.acknowledge(call.actor, incident.id)
    return call.say("done", what="acknowledged", incident=changed)


@COMMAND.button("incident.acknowledge")
async def acknowledge_pressed(call: Call) -> Answer:
    incident = await incident_of_button(call)
    return await panel_again(call, await call.house.escalations.acknowledge(call.actor, incident.id))


@COMMAND.verb(
    "resolve", "close", "resolved", "fixed", "end", usage="resolve [summary]", help="it is over: paging stops"
)
@about_an_incident("incident resolve")
async def resolve(call: Call, incident: Incident) -> Answer:
    changed = await call.house.incidents.resolve(call.actor, incident.id, call.text)
    return call.say("done", what="resolved", incident=changed)


@COMMAND.button("incident.resolve")
async def resolve_pressed(call: Call) -> Answer:
    incident = await incident_of_button(call)
    return await panel_again(call, await call.house.incidents.resolve(call.actor, incident.id))


@COMMAND.verb("reopen", usage="reopen [reason]", help="it is back: paging starts again")
@about_an_incident("incident reopen", resolved=True)
async def reopen(call: Call, incident: Incident) -> Answer:
    changed = await call.house.incidents.reopen(call.actor, incident.id, call.text)
    return call.say("done", what="reopened", incident=changed)


def _unless_in_room(call: Call, incident: Incident, what: str) -> Answer:
    """In the room the bot's own message shows it."""
    return None if call.channel == incident.room_id else call.say("done", what=what, incident=incident)


def _update_form(incident: Incident) -> Form:
    inputs = [
        Input("update", "What changed?", multiline=True),
        Input("conditions", "Conditions", optional=True, multiline=True, hint="What works and what does not"),
        Input("actions", "Actions", optional=True, multiline=True, hint="What is being done"),
        Input("needs", "Needs", optional=True, hint="Whom or what you need"),
        Input("next_update", "Next update in", optional=True, hint="For example 30m", max_length=20),
    ]
    return Form(form("incident.update", titled("Update", incident), inputs, submit="Post", private=str(incident.id)))


def _impact_form(incident: Incident) -> Form:
    inputs = [Input("impact", "What do users notice?", value=incident.impact or "", multiline=True)]
    return Form(form("incident.impact", titled("Impact of", incident), inputs, submit="Set", private=str(incident.id)))


def _severity_form(call: Call, incident: Incident) -> Form:
    options = [(one.id, f"{one.id} {one.name}") for one in call.house.runbook.severities]
    inputs = [
        Input("severity", "Severity", options=options, value=incident.severity),
        Input("why", "Why?", optional=True, hint="Needed when you lower it", max_length=500),
    ]
    title = titled("Severity of", incident)
    return Form(form("incident.severity", title, inputs, submit="Set", private=str(incident.id)))


def _status_form(incident: Incident) -> Form:
    inputs = [Input("status", "Status", options=[(one, one) for one in STATUSES], value=incident.status)]
    return Form(form("incident.status", titled("Status of", incident), inputs, submit="Set", private=str(incident.id)))
