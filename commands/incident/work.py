"""Working on an incident: severity, status, roles, updates, its end, and the buttons of its cards."""

from collections.abc import Mapping

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incident import STATUSES, Incident
from bot.slack.blocks import Input, form
from commands.about import about_an_incident, incident_of_button
from commands.call import Answer, Call, Form
from commands.incident.book import COMMAND


@COMMAND.verb("update", usage="update [text]", help="say what changed; without words a form opens")
@about_an_incident("incident update")
async def update(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _update_form(incident)
    await call.house.incidents.update(call.actor, incident.id, call.text)
    return call.say("done", what="updated", incident=incident)


@COMMAND.button("incident.update")
async def ask_update(call: Call) -> Answer:
    return _update_form(await incident_of_button(call))


def judge_update(values: Mapping[str, str]) -> Mapping[str, str]:
    return {} if values["update"].strip() else {"update": "Type what changed, in a sentence."}


@COMMAND.form("incident.update", judge_update)
async def updated(call: Call) -> Answer:
    facts = {name: value for name, value in call.values.items() if name != "update"}
    await call.house.incidents.update(call.actor, int(call.private), call.values["update"], facts)
    return None


@COMMAND.verb("severity", "sev", usage="severity <SEV> [why]", help="raise it freely, lower it with a reason")
@about_an_incident("incident severity")
async def severity(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _severity_form(call, incident)
    wanted, _, why = call.text.partition(" ")
    changed = await call.house.incidents.set_severity(call.actor, incident.id, wanted, why)
    return call.say("done", what=changed.severity, incident=changed)


@COMMAND.form("incident.severity")
async def severity_chosen(call: Call) -> Answer:
    await call.house.incidents.set_severity(call.actor, int(call.private), call.values["severity"], call.values["why"])
    return None


@COMMAND.verb("status", usage=f"status <{'|'.join(STATUSES)}>", help="where the work stands")
@about_an_incident("incident status")
async def status(call: Call, incident: Incident) -> Answer:
    if not call.text:
        options = [(one, one) for one in STATUSES]
        inputs = [Input("status", "Status", options=options, value=incident.status)]
        return Form(form("incident.status", incident.ref, inputs, submit="Set", private=str(incident.id)))
    changed = await call.house.incidents.set_status(call.actor, incident.id, call.text)
    return call.say("done", what=changed.status, incident=changed)


@COMMAND.form("incident.status")
async def status_chosen(call: Call) -> Answer:
    await call.house.incidents.set_status(call.actor, int(call.private), call.values["status"])
    return None


@COMMAND.verb("lead", "commander", usage="lead [@user]", help="take the lead, or give it")
@about_an_incident("incident lead")
async def lead(call: Call, incident: Incident) -> Answer:
    who = call.house.people.meant(call.text) if call.text else call.actor.name
    changed = await call.house.incidents.set_role(call.actor, incident.id, "lead", who)
    return call.say("role", role="lead", who=who, incident=changed)


@COMMAND.button("incident.lead")
async def take_lead(call: Call) -> Answer:
    incident = await incident_of_button(call)
    if incident.lead and incident.lead != call.actor.name:
        raise AlreadyDone(
            f"{call.house.people.display_name(incident.lead)} leads {incident.ref} already. "
            "To take over, type `/incident lead`."
        )
    await call.house.incidents.set_role(call.actor, incident.id, "lead", call.actor.name)
    return None


@COMMAND.verb("role", "assign", usage="role <role> @user", help="give somebody a role")
@about_an_incident("incident role")
async def role(call: Call, incident: Incident) -> Answer:
    name, _, whom = call.text.partition(" ")
    if not name or not whom.strip():
        roles = ", ".join(call.house.runbook.roles)
        raise Refused(f"Type a role and a person: `/incident role <role> @user`. The roles are: {roles}.")
    who = call.house.people.meant(whom)
    changed = await call.house.incidents.set_role(call.actor, incident.id, name, who)
    return call.say("role", role=name, who=who, incident=changed)


@COMMAND.verb("impact", usage="impact <text>", help="what users notice")
@about_an_incident("incident impact")
async def impact(call: Call, incident: Incident) -> Answer:
    await call.house.incidents.set_impact(call.actor, incident.id, call.text)
    return call.say("done", what="impact noted", incident=incident)


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
    await call.house.incidents.resolve(call.actor, incident.id)
    return None


@COMMAND.verb("reopen", usage="reopen [reason]", help="it is back: paging starts again")
@about_an_incident("incident reopen")
async def reopen(call: Call, incident: Incident) -> Answer:
    changed = await call.house.incidents.reopen(call.actor, incident.id, call.text)
    return call.say("done", what="open again", incident=changed)


@COMMAND.verb("acknowledge", "ack", usage="acknowledge", help="somebody is on it: paging stops")
@about_an_incident("incident acknowledge")
async def acknowledge(call: Call, incident: Incident) -> Answer:
    changed = await call.house.escalations.acknowledge(call.actor, incident.id)
    return call.say("done", what="acknowledged", incident=changed)


@COMMAND.button("incident.acknowledge")
async def acknowledge_pressed(call: Call) -> Answer:
    incident = await incident_of_button(call)
    await call.house.escalations.acknowledge(call.actor, incident.id)
    return None


@COMMAND.button("incident.join")
async def join(call: Call) -> Answer:
    incident = await incident_of_button(call)
    await call.house.incidents.bring_in(call.actor, incident.id)
    return call.say("joining", incident=incident)


def _update_form(incident: Incident) -> Form:
    inputs = [
        Input("update", "What changed?", multiline=True),
        Input("conditions", "Conditions", optional=True, multiline=True, hint="What works and what does not"),
        Input("actions", "Actions", optional=True, multiline=True, hint="What is being done"),
        Input("needs", "Needs", optional=True, hint="Whom or what you need"),
        Input("next_update", "Next update in", optional=True, hint="For example 30m"),
    ]
    return Form(form("incident.update", f"Update {incident.ref}", inputs, submit="Post", private=str(incident.id)))


def _severity_form(call: Call, incident: Incident) -> Form:
    options = [(one.id, f"{one.id} {one.name}") for one in call.house.runbook.severities]
    inputs = [
        Input("severity", "Severity", options=options, value=incident.severity),
        Input("why", "Why?", optional=True, hint="Needed when you lower it"),
    ]
    return Form(form("incident.severity", incident.ref, inputs, submit="Set", private=str(incident.id)))
