"""Post-mortems: show, write, schedule, send for review, finish, waive."""

from collections.abc import Mapping
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.postmortem import Postmortem
from bot.domain.postmortems.sections import SECTION_LENGTH, SECTIONS, Written
from bot.services.postmortems.cards import buttons
from bot.services.postmortems.postmortems import Clash
from bot.slack.blocks import Input, clip, form
from commands.desk.book import QUOTED
from commands.desk.call import Answer, Call, Form
from commands.desk.carried import number
from commands.desk.typed import first_word, is_mention
from commands.desk.when import moment
from commands.desk.which_incident import about_an_incident, incident_of_button, incident_of_form, titled
from commands.incident.book import COMMAND

HINTS = {
    "summary": "What happened, in two or three sentences",
    "impact": "Who was affected, how many, what could they not do, and what did it cost?",
    "root_cause": "What had to be true for this to happen?",
    "factors": "What else made it possible, or likely?",
    "surprise": "What did we believe that was not so?",
    "went_well": "What limited the damage, and was it luck?",
    "went_wrong": "What made it worse, or slower to end?",
    "lessons": "What do we know now that we did not know before?",
}
USAGE = "postmortem [schedule <when>|owner @user|waive <why>|file|canvas]"


@COMMAND.verb("postmortem", "post-mortem", "pm", "retro", usage=USAGE, help="what was learned: shows it, or begins one")
@about_an_incident("incident postmortem", resolved=True)
async def postmortem(call: Call, incident: Incident) -> Answer:
    word, rest = first_word(call.typed)
    match word.lower():
        case "":
            return await _show(call, incident, await call.house.postmortems.begin_or_show(call.actor, incident))
        case "schedule":
            return await _schedule(call.with_text(rest), incident)
        case "owner":
            who = call.with_text(rest).whom()[0]
            changed = await call.house.postmortems.plan(call.actor, incident.id, owner=who)
        case "waive":
            changed = await call.house.postmortems.waive(call.actor, incident.id, call.with_text(rest).text)
        case "file":
            return await _as_file(call, incident)
        case "canvas":
            return await _as_canvas(call, incident)
        case _ if is_mention(word):
            changed = await call.house.postmortems.plan(call.actor, incident.id, owner=call.whom()[0])
        case _:
            raise Refused(f"I don't know “{clip(word, QUOTED)}”. Type `/incident {USAGE}`.")
    return await _unless_in_room(call, incident, changed)


@COMMAND.button("postmortem.begin")
async def begin(call: Call) -> Answer:
    incident = await incident_of_button(call)
    await call.house.postmortems.begin(call.actor, incident.id)
    return None


@COMMAND.button("postmortem.edit")
async def edit(call: Call) -> Answer:
    incident = await incident_of_button(call)
    page = await call.house.postmortems.page(incident)
    return Form(_edit_form(incident, page.version, page.sections))


@COMMAND.form("postmortem.edit")
async def edited(call: Call) -> Answer:
    """If somebody else has edited the same section meanwhile, the form reopens with both versions."""
    incident = await incident_of_form(call)
    values = {name: call.values[name] for name in SECTIONS}
    try:
        await call.house.postmortems.write(call.actor, incident.id, number(call.private.partition(" ")[2]), values)
    except Clash as clash:
        theirs, conflicts = clash.theirs, clash.merged.conflicts
        clashing = [(SECTIONS[name], theirs.sections.get(name, "")) for name in conflicts]
        facts: dict[str, Any] = {
            "theirs": theirs,
            "clashing": clashing,
            "headings": [heading for heading, _ in clashing],
        }
        words = call.house.rendering.say("slack/postmortem_clash", **facts)
        both = _edit_form(incident, theirs.number, clash.merged.sections, words)
        return Form(both, instead=call.say("postmortem_clash", **facts))
    return None


@COMMAND.button("postmortem.schedule")
async def ask_schedule(call: Call) -> Answer:
    incident = await incident_of_button(call)
    page = await call.house.postmortems.page(incident)
    return _schedule_form(call, incident, page.postmortem)


@COMMAND.form("postmortem.schedule")
async def scheduled(call: Call) -> Answer:
    incident = await incident_of_form(call)
    zone, now = call.house.runbook.timezone, call.house.clock.now()
    at = await moment(call.values["when"], now=now, zone=zone) if call.values["when"].strip() else None
    owner = call.house.people.named(call.values["owner"]) if call.values["owner"] else None
    link = call.values["link"]
    await call.house.postmortems.plan(call.actor, incident.id, at=at, owner=owner, link=link)
    return None


@COMMAND.button("postmortem.send")
async def send(call: Call) -> Answer:
    incident = await incident_of_button(call)
    return await _unless_in_room(call, incident, await call.house.postmortems.send(call.actor, incident.id))


@COMMAND.button("postmortem.done")
async def done(call: Call) -> Answer:
    incident = await incident_of_button(call)
    return await _unless_in_room(call, incident, await call.house.postmortems.done(call.actor, incident.id))


@COMMAND.button("postmortem.file")
async def as_file(call: Call) -> Answer:
    return await _as_file(call, await incident_of_button(call))


@COMMAND.button("postmortem.canvas")
async def as_canvas(call: Call) -> Answer:
    return await _as_canvas(call, await incident_of_button(call))


@COMMAND.button("postmortem.waive")
async def ask_waive(call: Call) -> Answer:
    incident = await incident_of_button(call)
    await call.house.postmortems.page(incident)
    inputs = [Input("reason", "Why is no post-mortem needed?", multiline=True, max_length=500)]
    title = titled("Waive for", incident)
    return Form(form("postmortem.waive", title, inputs, submit="Waive", private=str(incident.id)))


def judge_waive(values: Mapping[str, str]) -> Mapping[str, str]:
    return {} if values["reason"].strip() else {"reason": "Say why: your reason is kept on record."}


@COMMAND.form("postmortem.waive", judge_waive)
async def waived(call: Call) -> Answer:
    await call.house.postmortems.waive(call.actor, (await incident_of_form(call)).id, call.values["reason"])
    return None


async def _schedule(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _schedule_form(call, incident, (await call.house.postmortems.page(incident)).postmortem)
    at = await moment(call.text, now=call.house.clock.now(), zone=call.house.runbook.timezone)
    changed = await call.house.postmortems.plan(call.actor, incident.id, at=at)
    return await _unless_in_room(call, incident, changed)


async def _as_file(call: Call, incident: Incident) -> Answer:
    incident = await call.house.postmortem_files.ask(call.actor, incident.id)
    return call.say("done", what="post-mortem filed", incident=incident)


async def _as_canvas(call: Call, incident: Incident) -> Answer:
    incident = await call.house.postmortem_canvases.ask(call.actor, incident.id)
    return call.say("done", what="post-mortem in canvas", incident=incident)


async def _show(call: Call, incident: Incident, postmortem: Postmortem) -> Answer:
    facts = await call.house.postmortems.shown(incident, postmortem)
    return call.say("postmortem", buttons=tuple(buttons(postmortem)), **facts)


async def _unless_in_room(call: Call, incident: Incident, changed: Postmortem) -> Answer:
    """No answer in the room, where the bot's message shows the result, unless it takes no messages."""
    if call.channel == incident.room_id and not incident.room_closed:
        return None
    return await _show(call, incident, changed)


def _schedule_form(call: Call, incident: Incident, postmortem: Postmortem) -> Form:
    owner = call.house.people.known_account(postmortem.owner) or ""
    hint = "For example tomorrow 14:00, or Tue 10:00"
    inputs = [
        Input("when", "When do you review it together?", hint=hint, optional=True, max_length=80),
        Input("owner", "Who owns it?", kind="person", value=owner, optional=True),
        Input(
            "link", "Where is it kept, if not here?", value=postmortem.link or "", optional=True, hint="A web address"
        ),
    ]
    title = titled("Review of", incident)
    return Form(form("postmortem.schedule", title, inputs, submit="Save", private=str(incident.id)))


def _edit_form(incident: Incident, version: int, sections: Written, words: str = "") -> Mapping[str, object]:
    inputs = [
        Input(
            name, heading, value=sections.get(name, ""), optional=True, multiline=True, hint=HINTS[name],
            max_length=SECTION_LENGTH,
        )
        for name, heading in SECTIONS.items()
    ]  # fmt: skip
    title, private = titled("Post-mortem", incident), f"{incident.id} {version}"
    return form("postmortem.edit", title, inputs, submit="Save", words=words, private=private)
