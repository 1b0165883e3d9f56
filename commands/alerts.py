"""Buttons and forms of an alert's card. Alerts have no slash command of their own."""

from collections.abc import Mapping

from bot.domain.alerts.silence import DEFAULT_SILENCE, LONGEST_SILENCE, REASON_LENGTH, must_be_reasonable
from bot.domain.errors import NotFound, Refused
from bot.runbook import format_duration, spoken_duration
from bot.slack.blocks import Button, Input, form, raw
from commands.desk.book import Command
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.facts import pages_from
from commands.desk.which_incident import lets_in

COMMAND = Command("alerts", summary="What can be done about an alert, on its card.")


@COMMAND.button("alert.acknowledge")
async def acknowledge(call: Call) -> Answer:
    await call.house.alert_responses.acknowledge(call.actor, call.number)
    return None


@COMMAND.button("alert.declare")
async def declare(call: Call) -> Answer:
    incident = await call.house.alert_declarations.declare(call.actor, call.number)
    return call.say("declared", incident=incident, begins=pages_from(call, incident))


@COMMAND.button("alert.attach")
async def ask_attach(call: Call) -> Answer:
    attachable = await call.house.alert_declarations.attachable()
    options = [(one.ref, f"{one.ref} {one.severity} {one.title}") for one in attachable]
    inputs = [Input("incident", "Incident", options=options, value=options[0][0])]
    return Form(form("alert.attach", "Attach the alert", inputs, submit="Attach", private=call.value))


@COMMAND.form("alert.attach")
async def attach(call: Call) -> Answer:
    await call.house.alert_declarations.attach(call.actor, call.number, call.values["incident"])
    return None


@COMMAND.button("alert.close")
async def close(call: Call) -> Answer:
    await call.house.alert_responses.close(call.actor, call.number)
    return None


@COMMAND.button("alert.silence")
async def ask_silence(call: Call) -> Answer:
    """Checks permission first, so that nobody fills in the form in vain."""
    call.house.permissions.must(call.actor, "alert.silence")
    hint = "Still counted, but posts nothing and pages nobody, even if it fires again"
    inputs = [
        Input("duration", "For how long?", value=format_duration(DEFAULT_SILENCE), hint=hint, max_length=20),
        Input("reason", "Why?", optional=True, max_length=REASON_LENGTH),
    ]
    return Form(form("alert.silence", "Silence the alert", inputs, submit="Silence", private=call.value))


def judge_silence(values: Mapping[str, str]) -> Mapping[str, str]:
    duration = values["duration"]
    try:
        must_be_reasonable(spoken_duration(duration), format_duration(LONGEST_SILENCE))
    except Refused as refusal:
        return {"duration": str(refusal)}
    return {}


@COMMAND.form("alert.silence", judge_silence)
async def silence(call: Call) -> Answer:
    duration, reason = spoken_duration(call.values["duration"]), call.values.get("reason") or ""
    await call.house.silences.of_card(call.actor, call.number, duration, reason)
    return None


@COMMAND.button("alert.raw")
async def show_raw(call: Call) -> Answer:
    """Show the last body received from the source."""
    text = await call.house.alerts.raw(call.number)
    return Form(raw("Received", call.house.rendering.say("slack/alert_raw"), text))


@COMMAND.button("alert.runbook")
async def runbook(call: Call) -> Answer:
    """Show the alert's procedure to the person who pressed, with a button to open it in the alert's incident."""
    standing = await call.house.alerts.standing(call.number)
    procedure = call.house.alert_incidents.procedure(standing) if standing else None
    if standing is None or procedure is None:
        raise NotFound("The runbook no longer has a procedure for this alert.")
    incident = standing.incident if standing.has_open_incident else None
    buttons = []
    if incident and await lets_in(call, incident):
        buttons.append(Button(f"Open in {incident.ref}", "procedure.open", f"{incident.id} {procedure.key}", "primary"))
    return Reply(call.house.procedure_cards.of_runbook(procedure, buttons, standing.labels))
