"""Working on an incident: what changed, its severity, its status, and its end."""

from collections.abc import Mapping

from bot.domain.errors import Overtaken, Refused
from bot.domain.incidents.incident import (
    STATUSES,
    Incident,
    must_be_open,
    must_be_promised_soon,
    must_not_be_resolved_twice,
    refusing_about,
    status_of,
)
from bot.runbook import spoken_duration
from bot.services.paging.page_cards import acknowledge as acknowledge_button
from bot.slack.blocks import Input, form
from commands.desk.call import Answer, Call, Form
from commands.desk.carried import instant
from commands.desk.which_incident import about_an_incident, incident_of_button, incident_of_form, over, titled
from commands.incident.book import COMMAND
from commands.incident.look import panel_again

# Stored as text, so that `also_for` of the runbook's post-mortems can match it.
PAYMENTS = "payments affected"


@COMMAND.verb("update", usage="update [text]", help="say what changed; no text opens a form")
@about_an_incident("incident update")
async def update(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _open_form(incident, "post an update", _update_form(incident))
    changed = await call.house.notes.update(call.actor, incident.id, call.text)
    return _unless_in_room(call, changed, "updated")


@COMMAND.button("incident.update")
async def ask_update(call: Call) -> Answer:
    incident = await incident_of_button(call)
    return _open_form(incident, "post an update", _update_form(incident))


def judge_update(values: Mapping[str, str]) -> Mapping[str, str]:
    wrong = {} if values["update"].strip() else {"update": "Type what changed, in a sentence."}
    next_update = values["next_update"] or "0s"
    try:
        must_be_promised_soon(spoken_duration(next_update))
    except Refused as refusal:
        wrong["next_update"] = f"{refusal}."
    return wrong


@COMMAND.form("incident.update", judge_update)
async def updated(call: Call) -> Answer:
    facts = {name: value for name, value in call.values.items() if name != "update"}
    changed = await call.house.notes.update(call.actor, (await incident_of_form(call)).id, call.values["update"], facts)
    return _unless_in_room(call, changed, "updated")


@COMMAND.verb(
    "severity",
    "sev",
    needs="incident.severity",
    usage="severity <SEV> [why]",
    help="raise it freely, lower it with a reason",
)
@about_an_incident("incident severity", judge=lambda call: call.house.runbook.severity_first(call.text))
async def severity(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _open_form(incident, "change its severity", _severity_form(call, incident))
    wanted, why = call.house.runbook.severity_first(call.text)
    changed = await call.house.incidents.set_severity(call.actor, incident.id, wanted.id, why)
    return _unless_in_room(call, changed, "severity")


@COMMAND.form("incident.severity")
async def severity_chosen(call: Call) -> Answer:
    wanted, why = call.values["severity"], call.values["why"]
    changed = await call.house.incidents.set_severity(call.actor, (await incident_of_form(call)).id, wanted, why)
    return _unless_in_room(call, changed, "severity")


@COMMAND.verb("status", usage=f"status <{'|'.join(STATUSES)}>", help="set the status")
@about_an_incident("incident status", judge=lambda call: status_of(call.text))
async def status(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _open_form(incident, "change its status", _status_form(incident))
    changed = await call.house.incidents.set_status(call.actor, incident.id, call.text)
    return _unless_in_room(call, changed, "status")


@COMMAND.form("incident.status")
async def status_chosen(call: Call) -> Answer:
    changed = await call.house.incidents.set_status(
        call.actor, (await incident_of_form(call)).id, call.values["status"]
    )
    return _unless_in_room(call, changed, "status")


@COMMAND.verb("impact", usage="impact [text]", help="what users notice")
@about_an_incident("incident impact")
async def impact(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _impact_form(incident)
    changed = await call.house.notes.set_impact(call.actor, incident.id, call.text)
    return call.say("done", what="impact", incident=changed)


@COMMAND.button("incident.impact")
async def ask_impact(call: Call) -> Answer:
    incident = await incident_of_button(call)
    return _open_form(incident, "describe its impact", _impact_form(incident))


def judge_impact(values: Mapping[str, str]) -> Mapping[str, str]:
    return {} if values["impact"].strip() else {"impact": "Type what users notice, in a sentence."}


@COMMAND.form("incident.impact", judge_impact)
async def impact_described(call: Call) -> Answer:
    """The impact is shown on the card only, so the answer says where."""
    facts = {name: call.values[name].strip() for name in ("affected_count", "affected_since")}
    facts["affects"] = PAYMENTS if call.values["payments"] == "yes" else ""
    incident = await incident_of_form(call)
    changed = await call.house.notes.set_impact(call.actor, incident.id, call.values["impact"], facts)
    return call.say("done", what="impact", incident=changed)


@COMMAND.verb("acknowledge", "ack", usage="acknowledge", help="you're on it; paging stops")
@about_an_incident("incident acknowledge")
async def acknowledge(call: Call, incident: Incident) -> Answer:
    return await acknowledged(call, incident)


@COMMAND.button("incident.acknowledge")
async def acknowledge_pressed(call: Call) -> Answer:
    """A page's button has the page's due time: after a reopening it no longer counts, and a live button is offered."""
    incident, paged_at = await incident_of_button(call), call.value.partition(" ")[2]
    try:
        changed = await call.house.acknowledgements.acknowledge(
            call.actor, incident.id, paged_at=instant(paged_at) if paged_at else None
        )
    except Overtaken:
        live = acknowledge_button(incident, paged_at=call.received_at)
        return call.say("overtaken", buttons=(live,), incident=incident)
    return await panel_again(call, changed)


@COMMAND.verb(
    "resolve",
    "close",
    "resolved",
    "fixed",
    "end",
    needs="incident.resolve",
    usage="resolve [summary]",
    help="it's fixed; paging stops",
)
@about_an_incident("incident resolve")
async def resolve(call: Call, incident: Incident) -> Answer:
    changed = await call.house.incidents.resolve(call.actor, incident.id, call.text)
    return _unless_in_room(call, changed, "resolved")


@COMMAND.button("incident.resolve")
async def resolve_pressed(call: Call) -> Answer:
    """Asks what was done first, so that nothing is resolved by accident."""
    incident = await incident_of_button(call)
    with refusing_about(incident):
        call.house.permissions.must(call.actor, "incident.resolve")
        must_not_be_resolved_twice(incident)
    return _resolve_form(incident)


def judge_resolution(values: Mapping[str, str]) -> Mapping[str, str]:
    if values["impact"] == "over":
        return {}
    return {"impact": "Then it is not over yet. Cancel, and set its status instead: /incident status monitoring"}


@COMMAND.form("incident.resolve", judge_resolution)
async def resolution_described(call: Call) -> Answer:
    changed = await call.house.incidents.resolve(call.actor, (await incident_of_form(call)).id, call.values["summary"])
    return _unless_in_room(call, changed, "resolved")


@COMMAND.verb("reopen", usage="reopen [reason]", help="it's back; paging starts again")
@about_an_incident("incident reopen", resolved=True)
async def reopen(call: Call, incident: Incident) -> Answer:
    changed = await call.house.incidents.reopen(call.actor, incident.id, call.text)
    return _unless_in_room(call, changed, "reopened")


@COMMAND.button("incident.reopen")
async def reopen_pressed(call: Call) -> Answer:
    await call.house.incidents.reopen(call.actor, (await incident_of_button(call)).id)
    return None


async def acknowledged(call: Call, incident: Incident) -> Answer:
    """`incident`: its state before. Only the first acknowledgement is posted in the room."""
    changed = await call.house.acknowledgements.acknowledge(call.actor, incident.id)
    is_first = not incident.is_acknowledged and changed.acknowledged_by == call.actor.name
    if is_first:
        return _unless_in_room(call, changed, "acknowledged")
    return call.say("done", what="acknowledged", incident=changed)


def _unless_in_room(call: Call, incident: Incident, what: str) -> Answer:
    """No answer in the room, where the bot's message shows it, unless it takes no messages."""
    is_shown = call.channel == incident.room_id and not incident.room_closed
    return None if is_shown else call.say("done", what=what, incident=incident)


def _open_form(incident: Incident, deed: str, filled: Form) -> Form:
    """Refuse before anybody fills in a form for a resolved incident. Raises Refused."""
    with refusing_about(incident):
        must_be_open(incident, deed)
    return filled


def _resolve_form(incident: Incident) -> Form:
    over = [("over", "No, it's over"), ("still", "Yes, some still do")]
    inputs = [
        Input("summary", "What was it, and what ended it?", multiline=True, optional=True),
        Input("impact", "Do users still notice it?", options=over, value="over"),
    ]
    title = titled("Resolve", incident)
    return Form(form("incident.resolve", title, inputs, submit="Resolve", private=str(incident.id)))


def _update_form(incident: Incident) -> Form:
    inputs = [
        Input("update", "What changed?", multiline=True),
        Input("conditions", "Conditions", optional=True, multiline=True, hint="What works and what does not"),
        Input("actions", "Actions", optional=True, multiline=True, hint="What is being done"),
        Input("needs", "Needs", optional=True, hint="Whom or what you need"),
        Input("next_update", "Next update in", optional=True, hint="For example 30m, 7d at most", max_length=20),
    ]
    return Form(form("incident.update", titled("Update", incident), inputs, submit="Post", private=str(incident.id)))


def _impact_form(incident: Incident) -> Form:
    facts, options = incident.facts, [("no", "No, or not known"), ("yes", "Yes")]
    inputs = [
        Input("impact", "What do users notice?", value=incident.impact or "", multiline=True),
        Input("affected_count", "How many", optional=True, value=facts.get("affected_count", ""), max_length=100),
        Input("affected_since", "Since when", optional=True, value=facts.get("affected_since", ""), max_length=100),
        Input("payments", "Payments affected?", options=options, value="yes" if facts.get("affects") else "no"),
    ]
    title, words = titled("Impact of", incident), over(incident)
    return Form(form("incident.impact", title, inputs, submit="Set", words=words, private=str(incident.id)))


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
