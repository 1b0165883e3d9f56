"""Looking at incidents: the panel, lists, one of them, its timeline, who is on call."""

from bot.domain.incident import Incident
from bot.services.incident_cards import card_buttons
from bot.slack.blocks import Button
from commands.about import about_an_incident, chosen_in
from commands.call import Answer, Call
from commands.incident.book import COMMAND

LISTED = 20

chosen_in(COMMAND)


@COMMAND.alone
async def panel(call: Call) -> Answer:
    """In a room the incident's own panel, elsewhere what can be begun."""
    incident = await call.house.incidents.of_room(call.channel) if call.channel else None
    if incident:
        return await _show(call, incident)
    open_ones = await call.house.incidents.newest(open_only=True)
    return call.say("panel", buttons=panel_buttons(), count=len(open_ones))


def panel_buttons() -> tuple[Button, ...]:
    return (
        Button("Declare", "incident.declare", style="danger"),
        Button("Open incidents", "incident.list", "open"),
        Button("Who is on call", "escalate.oncall"),
        Button("Help", "incident.help"),
    )


@COMMAND.verb("list", "ls", usage="list [open|all]", help="open incidents, or all of them")
async def list_(call: Call) -> Answer:
    return await _list(call, call.text.lower() or "open")


@COMMAND.button("incident.list")
async def list_pressed(call: Call) -> Answer:
    return await _list(call, call.value)


@COMMAND.button("incident.help")
async def help_pressed(call: Call) -> Answer:
    return call.say("help", name=COMMAND.name, summary=COMMAND.summary, verbs=COMMAND.verbs)


@COMMAND.verb("show", "info", "view", usage="show [REF]", help="how an incident stands")
async def show(call: Call) -> Answer:
    if call.text:
        return await _show(call, await call.house.incidents.find(call.text))
    return await show_about(call)


@about_an_incident("incident show")
async def show_about(call: Call, incident: Incident) -> Answer:
    return await _show(call, incident)


@COMMAND.verb("timeline", "history", "log", usage="timeline", help="who did what, when")
@about_an_incident("incident timeline")
async def timeline(call: Call, incident: Incident) -> Answer:
    entries = await call.house.incidents.timeline(incident.id)
    return call.say("timeline", incident=incident, entries=entries[-60:], left_out=max(0, len(entries) - 60))


async def _show(call: Call, incident: Incident) -> Answer:
    standing = await call.house.incident_cards.standing_now(incident.id)
    facts = call.house.incident_cards.facts(standing)
    return call.say("incident_card", buttons=tuple(card_buttons(standing)), **facts)


async def _list(call: Call, which: str) -> Answer:
    found = await call.house.incidents.newest(open_only=which != "all", limit=LISTED + 1)
    return call.say("list", which=which, incidents=found[:LISTED], more=len(found) > LISTED)
