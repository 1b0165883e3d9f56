"""Updates to audiences: whom to tell, in which words, with whose approval."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.incidents.incident import Incident
from bot.domain.updates.promises import TIME
from bot.domain.updates.update import MOMENTS, SUBJECT_LENGTH, TEXT_LENGTH, Doubtful, Moment, OutOfDate, facts_of
from bot.publishers import outlet_name
from bot.services.updates.audiences import audience_called
from bot.services.updates.previews import Preview
from bot.services.updates.reminders import tell_button
from bot.slack.blocks import Button, Input, code, form, is_changed, values_of
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.carried import number, outdated, second
from commands.desk.which_incident import about_an_incident, incident_of_button, incident_of_form
from commands.incident.book import COMMAND

# More buttons would be hard to read; other audiences can be typed.
OFFERED = 20
# A form can carry 3,000 characters, so limit the marks in it.
MARKS = 200
LABELS: Mapping[Moment, str] = {
    "declared": "First notice", "update": "Update", "severity": "Severity changed", "resolved": "Resolved",
    "reopened": "Reopened", "all_clear": "All clear", "security": "Security notice",
    "breach": "Data breach, to those affected", "postmortem": "Post-mortem published",
}  # fmt: skip

WHY = Input("why", "Send it anyway, because", optional=True, max_length=300)


@dataclass(frozen=True)
class Carried:
    """What the form carries. `seen`: `facts_of` the incident; `shown`: when, in Unix seconds; `offered`: the prefilled
    time of the next update; `marks`: of the findings shown, comma-separated; `own`: the words have been edited. '':
    unknown."""

    incident: str
    audience: str
    seen: str = ""
    shown: str = ""
    moment: str = ""
    offered: str = ""
    marks: str = ""
    own: str = ""

    @classmethod
    def read(cls, private: str) -> "Carried":
        found = cls(*(*private.split(" "), "", "", "", "", "")[:8])
        return replace(found, offered=found.offered.replace("_", " "))

    @classmethod
    def of(cls, preview: Preview, doubt: Doubtful | None) -> "Carried":
        shown, offered = f"{preview.written_at.timestamp():.0f}", (preview.next_update or "").replace(" ", "_")
        # Findings not carried are simply raised again.
        marks = ",".join(one.mark for one in doubt.found[:MARKS]) if doubt else ""
        about = f"{preview.incident.id}", preview.audience.key, facts_of(preview.incident)
        return cls(*about, shown, preview.moment, offered, marks, "own" if preview.own else "")

    def __str__(self) -> str:
        about = self.incident, self.audience, self.seen, self.shown, self.moment
        return " ".join((*about, self.offered, self.marks, self.own))


@COMMAND.verb(
    "tell",
    "inform",
    "notify",
    usage="tell <audience>",
    help="send an audience an update, after a preview",
    needs="audience.send",
)
@about_an_incident("incident tell", judge=lambda call: audience_called(call.house.runbook, call.text))
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
    """Drop the draft and show fresh words in the form it was pressed in."""
    incident, audience = await incident_of_button(call), call.value.partition(" ")[2]
    await call.house.fresh_starts.start_over(call.actor, incident.id, audience)
    fresh = await call.house.previews.for_audience(call.actor, incident, audience)
    return replace(_form(call, fresh, mark=fresh.written_at.isoformat()), in_place=True)


@COMMAND.button("audience.moment")
async def choose_moment(call: Call) -> Answer:
    """Changed in the form: fresh words for this moment, unless somebody has edited them."""
    incident, carried = await incident_of_form(call), Carried.read(call.private)
    moment = _moment(call.value)
    fresh = await call.house.previews.for_audience(call.actor, incident, carried.audience, moment)
    before = await call.house.previews.for_audience(call.actor, incident, carried.audience)
    if before.own or carried.own or any(is_changed(call.view, name) for name in ("subject", "text")):
        held = values_of(call.view["state"]["values"])
        fresh = replace(fresh, subject=held["subject"], text=held["text"], own=True)
    mark = f"{moment}{call.house.clock.now().timestamp():.0f}"
    return replace(_form(call, fresh, mark=mark, chosen=True), in_place=True)


@COMMAND.button("audience.preview")
async def preview_as(call: Call) -> Answer:
    """Chosen in the form: preview these words in an outlet, keeping text and moment."""
    incident, carried = await incident_of_form(call), Carried.read(call.private)
    held = values_of(call.view["state"]["values"])
    moment = _moment(carried.moment) if carried.moment else None
    fresh = await call.house.previews.for_audience(call.actor, incident, carried.audience, moment)
    is_own = bool(carried.own) or any(is_changed(call.view, name) for name in ("subject", "text"))
    kept = replace(fresh, subject=held["subject"], text=held["text"], own=is_own)
    more_at = held.get("next_update", "")
    sent = call.house.telling.with_time(kept.text, kept.written_at, more_at, carried.offered)
    shown = call.house.outlet_previews.shown(call.actor, replace(kept, text=sent), call.value)
    changed = bool(carried.seen) and carried.seen != facts_of(incident)
    mark = f"{call.house.clock.now().timestamp():.0f}"
    call = replace(call, values=held)
    return replace(_form(call, kept, mark=mark, changed=changed, shown=shown), in_place=True)


def judge_words(values: Mapping[str, str]) -> Mapping[str, str]:
    missing = {"subject": "Say in a few words what this is about.", "text": "Write what they should know."}
    wrong = {name: advice for name, advice in missing.items() if not values[name].strip()}
    if (more_at := values.get("next_update")) and not TIME.search(more_at):
        wrong["next_update"] = "Give a time, such as 17:30."
    return wrong


@COMMAND.form("audience.tell", judge_words)
async def send(call: Call) -> Answer:
    """The outcome is shown in the incident's room."""
    incident, carried = await incident_of_form(call), Carried.read(call.private)
    values, moment = call.values, _moment(carried.moment) if carried.moment else None
    try:
        await call.house.telling.tell(
            call.actor, incident.id, carried.audience, values["subject"], values["text"], moment=moment,
            next_update=values.get("next_update", ""), offered=carried.offered, seen=carried.seen,
            written_at=second(carried.shown) if carried.shown else None, why=values.get("why", ""),
            marks=carried.marks.split(","),
        )  # fmt: skip
    except OutOfDate:
        incident = await incident_of_form(call)
        preview = await call.house.previews.for_audience(call.actor, incident, carried.audience)
        return _form(call, preview, changed=True)
    except Doubtful as doubt:
        preview = await call.house.previews.for_audience(call.actor, await incident_of_form(call), carried.audience)
        return _form(call, preview, doubt=doubt)
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
    call: Call,
    preview: Preview,
    *,
    changed: bool = False,
    mark: str = "",
    doubt: Doubtful | None = None,
    chosen: bool = False,
    shown: Any = None,
) -> Form:
    """`shown`: the preview of an outlet, a text or a message. `changed`: the incident has changed since these words
    were written. `chosen`: the moment has just been chosen."""
    inputs = [*_inputs(preview, mark, call.values), *([WHY] if doubt else _outlets(preview, call.values))]
    facts = {
        "preview": preview,
        "changed": changed,
        "doubt": doubt,
        "chosen": chosen,
        "why": call.values.get("why", ""),
    }
    words = call.house.rendering.say("slack/tell_preview", **facts)
    fresh = [_fresh_button(preview)] if preview.own else []
    title, private = f"Tell {preview.audience.key}", str(Carried.of(preview, doubt))
    below = code(shown) if isinstance(shown, str) else shown.blocks if shown else ()
    return Form(
        form("audience.tell", title, inputs, submit="Send", words=words, private=private, buttons=fresh, below=below)
    )


def _inputs(preview: Preview, mark: str, held: Mapping[str, str]) -> Iterator[Input]:
    """`held`: earlier inputs."""
    options = [(one, LABELS[one]) for one in preview.moments]
    yield Input("moment", "About", value=preview.moment, options=options, action="audience.moment")
    yield Input("subject", "Subject", value=preview.subject, max_length=SUBJECT_LENGTH, mark=mark)
    yield Input("text", "Text", value=preview.text, multiline=True, max_length=TEXT_LENGTH, mark=mark)
    if preview.next_update:
        more_at = held.get("next_update", preview.next_update)
        hint = "The time in the text, or added at its end. Readers are promised it, and you are reminded."
        yield Input("next_update", "Next update by", value=more_at, optional=True, hint=hint)


def _outlets(preview: Preview, held: Mapping[str, str]) -> Iterator[Input]:
    """A choice of the outlets it would leave by."""
    ways = [via for via in dict.fromkeys(via for via, _ in preview.where) if via not in preview.gaps]
    if ways:
        options = [(via, outlet_name(via)) for via in ways]
        chosen = held.get("preview", "")
        yield Input("preview", "Preview as", value=chosen, optional=True, options=options, action="audience.preview")


def _moment(word: str) -> Moment:
    """The moment named. Raises Refused."""
    found = next((one for one in MOMENTS if one == word), None)
    if found is None:
        raise outdated("form")
    return found


def _fresh_button(preview: Preview) -> Button:
    kept = "The text that waits for approval is withdrawn." if preview.waiting else "This draft is deleted."
    value = f"{preview.incident.id} {preview.audience.key}"
    return Button("Start over", "audience.start_over", value, confirm=f"{kept} You get fresh words to begin with.")
