"""`/escalate`: page the next tier, page somebody, acknowledge, snooze, and see how the paging stands."""

from bot.domain.errors import Refused
from bot.domain.escalation import DEFAULT_SNOOZE
from bot.domain.incident import Incident
from bot.runbook import parse_duration
from commands.about import about_an_incident
from commands.call import Answer, Call
from commands.command import Command

COMMAND = Command("escalate", summary="Page the next tier, or somebody by name.")


@COMMAND.alone
@about_an_incident("escalate")
async def next_tier(call: Call, incident: Incident) -> Answer:
    tier = await call.house.escalations.escalate(call.actor, incident.id, why=call.text)
    return call.say("escalating", incident=incident, tier=call.house.runbook.tiers.get(tier))


@COMMAND.button("escalate.next")
async def next_pressed(call: Call) -> Answer:
    """The button was drawn for one step: whoever presses second changes nothing."""
    number, _, seen = call.value.partition(" ")
    incident = await call.house.incidents.find(number)
    tier = await call.house.escalations.escalate(call.actor, incident.id, seen=seen)
    return call.say("escalating", incident=incident, tier=call.house.runbook.tiers.get(tier))


@COMMAND.verb("ack", "acknowledge", usage="ack", help="you are on it: the paging stops")
@about_an_incident("escalate ack")
async def acknowledge(call: Call, incident: Incident) -> Answer:
    changed = await call.house.escalations.acknowledge(call.actor, incident.id)
    return call.say("done", what="acknowledged", incident=changed)


@COMMAND.verb("snooze", usage="snooze [15m]", help="hold the paging; it is no acknowledgement")
@about_an_incident("escalate snooze")
async def snooze(call: Call, incident: Incident) -> Answer:
    duration = parse_duration(call.text) if call.text else DEFAULT_SNOOZE
    until = await call.house.escalations.hold(call.actor, incident.id, duration)
    return call.say("held", incident=incident, until=until)


@COMMAND.verb("status", usage="status", help="who was paged, how, when, whether it was accepted, and what comes next")
@about_an_incident("escalate status")
async def status(call: Call, incident: Incident) -> Answer:
    standing = await call.house.incident_cards.standing_now(incident.id)
    return call.say("escalation_status", **call.house.incident_cards.facts(standing))


@COMMAND.verb("oncall", "on-call", "who", usage="oncall", help="who is on call now and next")
async def on_call(call: Call) -> Answer:
    return call.say("on_call", shifts=_shifts(call), tiers=_tiers(call))


@COMMAND.button("escalate.oncall")
async def on_call_pressed(call: Call) -> Answer:
    return await on_call(call)


@COMMAND.otherwise
@about_an_incident("escalate")
async def call_somebody(call: Call, incident: Incident) -> Answer:
    """`/escalate <tier|@user> <why>`."""
    target, _, why = call.text.partition(" ")
    if not target:
        return await next_tier(call)
    tiers = {key.lower(): key for key in call.house.runbook.tiers}
    if target.lower() in tiers:
        whom = tiers[target.lower()]
    elif target.startswith(("<@", "@")):
        whom = call.house.people.meant(target)
    else:
        raise Refused(_not_understood(call, target))
    made = await call.house.escalations.call(call.actor, incident.id, whom, why.strip())
    return call.say("called", incident=incident, people=list(dict.fromkeys(page.person for page in made)))


def on_call_words(call: Call) -> str:
    return call.house.rendering.say("slack/on_call", shifts=_shifts(call), tiers=_tiers(call))


def _not_understood(call: Call, word: str) -> str:
    tiers = ", ".join(call.house.runbook.tiers)
    return f"{COMMAND.unknown(word)} To page a tier, type one of: {tiers}; to page a person, mention them."


def _shifts(call: Call) -> list[dict[str, object]]:
    now = call.house.clock.now()
    people = call.house.people
    return [
        {"schedule": key, "now": people.shift(key, now), "next": people.next_shift(key, now)}
        for key in call.house.runbook.schedules
    ]


def _tiers(call: Call) -> list[dict[str, object]]:
    now = call.house.clock.now()
    return [
        {"name": tier.name, "people": call.house.people.in_tier(tier, now)}
        for tier in call.house.runbook.tiers.values()
    ]
