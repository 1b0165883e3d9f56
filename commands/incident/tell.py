"""Update audiences: whom, in which words, and with whose approval."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.incidents.incident import Incident
from bot.domain.updates.lint import Finding
from bot.domain.updates.update import SUBJECT_LENGTH, TEXT_LENGTH, Doubtful, OutOfDate, facts_of
from bot.services.updates.previews import Preview
from bot.services.updates.reminders import tell_button
from bot.slack.blocks import Button, Input, form
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.carried import number, second
from commands.desk.which_incident import about_an_incident, incident_of_button, incident_of_form
from commands.incident.book import COMMAND

# Slack shows a few rows of buttons well; whoever is left out can still be typed.
OFFERED = 20


@COMMAND.verb(
    "tell",
    "inform",
    "notify",
    usage="tell <audience>",
    help="send an audience an update, after a preview",
    needs="audience.send",
)
@about_an_incident("incident tell")
async def tell(call: Call, incident: Incident) -> Answer:
    if call.text:
        return _form(call, await call.house.previews.for_audience(call.actor, incident, call.text))
    told = await call.house.previews.last_told(incident)
    return call.say(
        "tell_whom",
        buttons=tuple(tell_button(incident, key) for key in list(told)[:OFFERED]),
        incident=incident,
        told=told,
        audiences=call.house.runbook.audiences,
        tell=call.house.runbook.severity_as_declared(incident.severity).tell,
    )


@COMMAND.button("audience.tell")
async def chosen(call: Call) -> Answer:
    incident, audience = await incident_of_button(call), call.value.partition(" ")[2]
    return _form(call, await call.house.previews.for_audience(call.actor, incident, audience))


@COMMAND.button("audience.edit")
async def edit(call: Call) -> Answer:
    return _form(call, await call.house.previews.of_update(call.actor, call.number))


@COMMAND.button("audience.start_over")
async def start_over(call: Call) -> Answer:
    """Pressed in the form, which shows fresh words then."""
    incident, audience = await incident_of_button(call), call.value.partition(" ")[2]
    await call.house.fresh_starts.start_over(call.actor, incident.id, audience)
    fresh = await call.house.previews.for_audience(call.actor, incident, audience)
    return replace(_form(call, fresh, mark=fresh.written_at.isoformat()), in_place=True)


def judge_words(values: Mapping[str, str]) -> Mapping[str, str]:
    missing = {"subject": "Say in a few words what this is about.", "text": "Write what they should know."}
    return {name: advice for name, advice in missing.items() if not values[name].strip()}


@COMMAND.form("audience.tell", judge_words)
async def send(call: Call) -> Answer:
    """What becomes of it is seen in the incident's room."""
    incident = await incident_of_form(call)
    _, audience, seen, shown = (*call.private.split(" ", 3), "", "", "")[:4]
    written_at = second(shown) if shown else None
    words = call.values["subject"], call.values["text"]
    try:
        await call.house.telling.tell(
            call.actor, incident.id, audience, *words, seen=seen, written_at=written_at, why=call.values.get("why", "")
        )
    except OutOfDate:
        incident = await incident_of_form(call)
        preview = await call.house.previews.for_audience(call.actor, incident, audience)
        return _form(call, preview, changed=True)
    except Doubtful as doubt:
        preview = await call.house.previews.for_audience(call.actor, await incident_of_form(call), audience)
        return _form(call, preview, found=doubt.found)
    return None


@COMMAND.button("audience.approve")
async def approve(call: Call) -> Answer:
    of, _, seen = call.value.partition(" ")
    await call.house.approvals.approve(call.actor, number(of), seen)
    return None


@COMMAND.button("audience.recipients")
async def recipients(call: Call) -> Answer:
    return Reply(await call.house.update_cards.recipients(call.number))


@COMMAND.button("audience.reject")
async def reject(call: Call) -> Answer:
    await call.house.approvals.reject(call.actor, call.number)
    return None


def _form(
    call: Call, preview: Preview, *, changed: bool = False, mark: str = "", found: Sequence[Finding] = ()
) -> Form:
    """`changed`: the incident stands otherwise than when these words were written."""
    key = preview.audience.key
    inputs = [
        Input("subject", "Subject", value=preview.subject, max_length=SUBJECT_LENGTH, mark=mark),
        Input("text", "Text", value=preview.text, multiline=True, max_length=TEXT_LENGTH, mark=mark),
    ]
    if found:
        inputs.append(Input("why", "Send it all the same, because", optional=True, max_length=300))
    words = call.house.rendering.say("slack/tell_preview", preview=preview, changed=changed, findings=found)
    private = f"{preview.incident.id} {key} {facts_of(preview.incident)} {int(preview.written_at.timestamp())}"
    fresh = [_fresh_button(preview)] if preview.own else []
    return Form(
        form("audience.tell", f"Tell {key}", inputs, submit="Send", words=words, private=private, buttons=fresh)
    )


def _fresh_button(preview: Preview) -> Button:
    kept = "The text that waits for approval is withdrawn." if preview.waiting else "This draft is deleted."
    value = f"{preview.incident.id} {preview.audience.key}"
    return Button("Start over", "audience.start_over", value, confirm=f"{kept} You get fresh words to begin with.")
