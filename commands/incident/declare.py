"""Declares an incident: typed, by form, or from a message."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.domain.errors import NotFound
from bot.domain.incidents.incident import TITLE_LENGTH, Incident
from bot.domain.incidents.severity import Declared
from bot.services.incidents.game_days import GameDay
from bot.slack.blocks import Button, Input, form, headline_in
from commands.desk.call import Answer, Call, Form
from commands.desk.carried import outdated
from commands.desk.facts import pages_from
from commands.desk.typed import as_typed, mentioned
from commands.desk.which_incident import must_be_for_everybody, private_here
from commands.incident.book import COMMAND
from commands.incident.story import called, take_over

# Slack's limit for a text field.
TYPED_LENGTH = 3000
# Slack's limit for a button's value; titles are shorter.
VALUE_LENGTH = 2000
# How long the answer waits for the room, in order to link to it.
ROOM_WITHIN_S = 1.0


@COMMAND.verb(
    "declare",
    "new",
    "open",
    "create",
    "start",
    needs="incident.declare",
    usage="declare [SEV] <title>",
    help="open an incident and page the first tier",
)
async def declare(call: Call) -> Answer:
    if not call.text:
        return await _blank_form(call)
    if incident := await private_here(call):
        return _ask_for_whom(call, incident)
    return await _declare(call)


def _ask_for_whom(call: Call, incident: Incident) -> Answer:
    """Text typed in a private incident's channel becomes a public title only on confirmation.

    An exception, since declaring asks no questions otherwise: an announcement cannot be taken back.
    """
    _words(call)
    typed, channel = call.text[:VALUE_LENGTH], call.house.runbook.channels.incidents
    buttons = (
        Button("Declare it private", "incident.declare.private", typed, "primary"),
        Button("Declare it to everybody", "incident.declare.anyway", typed),
    )
    asked = call.say("declare_for_whom", incident=incident, title=call.text, channel=channel, buttons=buttons)
    return replace(asked, is_undone=True)


@COMMAND.verb(
    "drill",
    "rehearse",
    needs="incident.declare",
    usage="drill [SEV] <title> [with <scenario>]",
    help="rehearse: pages through Slack only, no updates to audiences",
)
async def drill(call: Call) -> Answer:
    if not call.text:
        return _form(call, kind="drill")
    await must_be_for_everybody(call, "Not begun", "about drills")
    words = _words(call)
    title, name = call.house.game_days.asked_for(words.title)
    if name is None:
        return await _declare(call, drill=True)
    begun = await call.house.game_days.declare(call.actor, title, name, severity=words.severity)
    return await _said(call, begun.incident, replace(words, title=title or begun.incident.title), game_day=begun)


@COMMAND.verb(
    "private",
    "secret",
    needs="incident.declare",
    usage="private [SEV] <title>",
    help="a private channel, announced nowhere",
)
async def private(call: Call) -> Answer:
    return await _declare(call, private=True) if call.text else _form(call, kind="private")


@COMMAND.button("incident.declare")
async def ask(call: Call) -> Answer:
    return await _blank_form(call)


@COMMAND.button("incident.declare.private")
async def declare_private(call: Call) -> Answer:
    return await _declare(call.with_text(call.value), private=True)


@COMMAND.button("incident.declare.anyway")
async def declare_anyway(call: Call) -> Answer:
    return await _declare(call.with_text(call.value))


@COMMAND.shortcut("declare_from_message")
async def declare_from_message(call: Call) -> Answer:
    """The form carries the request's key, under which the whole message is found on submission."""
    written = headline_in(call.message)
    words = as_typed(written, await call.house.people.names_of(mentioned(written)))
    kind = "private" if await private_here(call) else "real"
    return _form(call, title=" ".join(words.split())[:TITLE_LENGTH], kind=kind, asked_by=call.actor.request or "")


def judge(values: Mapping[str, str]) -> Mapping[str, str]:
    return {} if values["title"].strip() else {"title": "Type what is wrong, in a few words."}


@COMMAND.form("incident.declare", judge)
async def declared(call: Call) -> Answer:
    shortcut = await _shortcut(call) if call.private else None
    kind = call.values["kind"]
    incident = await call.house.declarations.declare(
        call.actor,
        call.values["title"],
        severity=call.values["severity"],
        drill=kind == "drill",
        private=kind == "private",
        origin={"message": _whence(call, shortcut)} if shortcut else None,
    )
    if shortcut:
        # This request's deed is the declaration, so that taking over the message, itself idempotent, is not skipped.
        taking = replace(call, actor=replace(call.actor, request=None), channel=shortcut["channel"]["id"])
        await take_over(taking, incident, shortcut["message"])
    return await _said(call, incident, Declared(incident.severity, call.values["title"]))


async def _shortcut(call: Call) -> Mapping[str, Any]:
    """The shortcut the form was opened from."""
    asked = await call.house.reception.stored(call.private)
    if asked.kind != "shortcut" or "message" not in asked.body:
        raise outdated("form")
    return asked.body


def names_severity(call: Call) -> bool:
    """Whether the words begin with an unmistakable severity, known or not: `P1 <title>`."""
    try:
        words = call.house.runbook.declared(call.text)
    except NotFound:
        return True
    return words.severity is not None and words.perhaps is None


async def _declare(call: Call, *, drill: bool = False, private: bool = False) -> Answer:
    words = _words(call)
    incident = await call.house.declarations.declare(
        call.actor, words.title, severity=words.severity, drill=drill, private=private
    )
    return await _said(call, incident, words)


def _words(call: Call) -> Declared:
    """The parsed declaration. Raises NotFound."""
    try:
        return call.house.runbook.declared(call.text)
    except NotFound as unknown:
        usual = call.house.runbook.default_severity.id
        raise NotFound(f"{unknown} Nothing was declared. Type one of these first, or none for {usual}.") from unknown


async def _said(call: Call, incident: Incident, words: Declared, game_day: GameDay | None = None) -> Answer:
    """The answer, with a link to the room if that opens in time."""
    room = await call.house.rooms.opened(incident.id, ROOM_WITHIN_S)
    cut = len(words.title.strip()) > TITLE_LENGTH
    return call.say(
        "declared",
        incident=incident,
        cut=cut,
        length=TITLE_LENGTH,
        perhaps=words.perhaps,
        mistyped=words.mistyped,
        room=room,
        begins=pages_from(call, incident),
        game_day=game_day,
    )


def _whence(call: Call, shortcut: Mapping[str, Any]) -> Mapping[str, str]:
    channel, ts = shortcut["channel"]["id"], shortcut["message"]["ts"]
    link = f"https://{shortcut['team']['domain']}.slack.com/archives/{channel}/p{ts.replace('.', '')}"
    author = call.house.people.named(str(shortcut["message"].get("user") or ""))
    return {"channel": channel, "ts": ts, "author": author, "bot": called(shortcut["message"]), "link": link}


async def _blank_form(call: Call) -> Form:
    return _form(call, kind="private" if await private_here(call) else "real")


def _form(call: Call, *, title: str = "", kind: str = "real", asked_by: str = "") -> Form:
    """Checks permission first, so that nobody fills in the form in vain."""
    call.house.permissions.must(call.actor, "incident.declare")
    runbook = call.house.runbook
    severities = [
        (one.id, f"{one.id} {one.name}" + (f": {one.means}" if one.means else "")) for one in runbook.severities
    ]
    kinds = [("real", "A real incident"), ("drill", "A drill"), ("private", "A private incident")]
    inputs = [
        Input("title", "What is wrong?", value=title, max_length=TYPED_LENGTH),
        Input("severity", "Severity", options=severities, value=runbook.default_severity.id),
        Input("kind", "Kind", options=kinds, value=kind),
    ]
    return Form(form("incident.declare", "Declare an incident", inputs, submit="Declare", private=asked_by))
