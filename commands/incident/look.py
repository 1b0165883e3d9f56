"""Looking at incidents: the panel, lists, a single one, its timeline, who is on call."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.errors import Refused
from bot.domain.incidents.incident import WORD_MARKS, Incident, by_urgency
from bot.domain.tasks.task import by_owner
from bot.services.incidents.cards import card_buttons
from bot.slack.blocks import MESSAGE_LENGTH, Button, message
from bot.store.incidents.incidents import Entry
from commands.desk.call import Answer, Call, Reply
from commands.desk.carried import number, outdated
from commands.desk.typed import first_word
from commands.desk.which_incident import about_an_incident, incident_of_button, is_reference, lets_in
from commands.incident.book import COMMAND
from commands.incident.declare import declare, names_severity

LISTS = ("open", "all")
LISTED = 20
TIMELINE_SHOWN = 60


@COMMAND.alone
async def panel(call: Call) -> Answer:
    """Show the incident's panel in its room; elsewhere what can be started."""
    incident = await call.house.incidents.of_room(call.channel) if call.channel else None
    if incident:
        return await _show(call, incident)
    open_ones = await call.house.incidents.newest(open_only=True)
    return call.say("panel", buttons=panel_buttons(), count=len(open_ones))


@COMMAND.otherwise
async def by_reference(call: Call) -> Answer:
    """`/incident INC-3`, optionally with a verb; `/incident P1 <title>` declares.

    Anything else is refused, with advice on how to declare.
    """
    first, rest = first_word(call.typed)
    if not is_reference(first):
        if names_severity(call):
            return await declare(call)
        is_typo = COMMAND.nearest(first) is not None or not rest
        advice = "" if is_typo else f" To open an incident, type `/incident declare {call.text}`."
        raise Refused(COMMAND.unknown(first) + advice)
    if not rest:
        return await show(call)
    deed, words = COMMAND.meant(rest)
    return await deed(replace(call.with_text(words), about=first))


def panel_buttons() -> tuple[Button, ...]:
    return (
        Button("Declare", "incident.declare", style="danger"),
        Button("Open incidents", "incident.list", "open"),
        Button("Who is on call", "escalate.oncall"),
        Button("Help", "incident.help"),
    )


@COMMAND.verb("list", "ls", usage="list [open|all]", help="open incidents, or all of them")
async def list_(call: Call) -> Answer:
    which = call.text.strip(WORD_MARKS).lower() or "open"
    if which not in LISTS:
        raise Refused(f"“{call.text}” is not a list. Type `/incident list open` or `/incident list all`.")
    return await _list(call, which)


@COMMAND.button("incident.list")
async def list_pressed(call: Call) -> Answer:
    which, _, skipped = call.value.partition(" ")
    if which not in LISTS:
        raise outdated("button")
    return await _list(call, which, skipped=number(skipped or "0"))


@COMMAND.button("incident.help")
async def help_pressed(call: Call) -> Answer:
    return await COMMAND.help(call)


@COMMAND.verb("show", "info", "view", usage="show [REF]", help="show an incident")
async def show(call: Call) -> Answer:
    """Whatever follows must be a reference, even a bare number."""
    return await show_about(replace(call, about=call.text or call.about))


@about_an_incident("incident show")
async def show_about(call: Call, incident: Incident) -> Answer:
    return await _show(call, incident)


@COMMAND.verb("timeline", "history", "log", usage="timeline", help="who did what, when")
@about_an_incident("incident timeline")
async def timeline(call: Call, incident: Incident) -> Answer:
    """The newest entries that fit one message; all of them are available as a file."""
    entries = await call.house.incidents.timeline(incident.id)
    count = min(TIMELINE_SHOWN, len(entries))
    while len(_timeline_words(call, incident, entries, count)) > MESSAGE_LENGTH and count > 1:
        count = count * 3 // 4
    words = _timeline_words(call, incident, entries, count)
    value = str(incident.id)
    as_file = incident.room_id and count < len(entries)
    buttons = [Button("All as a file", "incident.timeline", value)] if as_file else []
    return Reply(message(words, [*buttons, Button("Correct an entry", "incident.correct", value)]))


@COMMAND.button("incident.timeline")
async def timeline_as_file(call: Call) -> Answer:
    """Posted in the incident's room, in a moment."""
    incident = await incident_of_button(call)
    incident = await call.house.timeline_files.ask(call.actor, incident.id)
    return call.say("done", what="filed", incident=incident)


@COMMAND.verb("export", usage="export", help="everything about it, as a Markdown file in its channel")
@about_an_incident("incident export", resolved=True)
async def export(call: Call, incident: Incident) -> Answer:
    """Posted in the incident's room, in a moment."""
    incident = await call.house.export_files.ask(call.actor, incident.id)
    return call.say("done", what="exported", incident=incident)


def _timeline_words(call: Call, incident: Incident, entries: Sequence[Entry], count: int) -> str:
    shown, left_out = entries[-count:], len(entries) - count
    return call.house.rendering.say("slack/timeline", incident=incident, entries=shown, left_out=left_out)


async def panel_again(call: Call, incident: Incident) -> Answer:
    """Refresh the caller's own panel after a press; a card in a channel is edited anyway."""
    return None if call.message else replace(await _show(call, incident), replace=True)


async def _show(call: Call, incident: Incident) -> Reply:
    standing = await call.house.standings.now(incident.id)
    facts = call.house.standings.facts(standing)
    facts["owners"] = by_owner(await call.house.incident_tasks.of(incident))
    return call.say("incident_card", buttons=tuple(card_buttons(standing)), **facts)


async def _list(call: Call, which: str, *, skipped: int = 0) -> Answer:
    found = await call.house.incidents.newest(open_only=which != "all")
    ordered = found if which == "all" else by_urgency(found, call.house.runbook.severity_ids)
    listed = ordered[skipped : skipped + LISTED]
    more = max(len(found) - skipped - LISTED, 0)
    onward = [Button(f"Next {min(more, LISTED)}", "incident.list", f"{which} {skipped + LISTED}")] if more else []
    let_in = [one.id for one in listed if await lets_in(call, one)]
    facts = {"which": which, "incidents": listed, "let_in": let_in, "skipped": skipped, "more": more, "at_home": False}
    return call.say("list", buttons=tuple(onward), **facts)
