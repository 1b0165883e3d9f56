"""Page the next tier or somebody, acknowledge, snooze, and see the state of paging."""

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident, number_of
from bot.domain.paging.escalation import DEFAULT_SNOOZE
from bot.domain.paging.page import PageDraft
from bot.runbook import spoken_duration
from commands.desk.call import Answer, Call
from commands.desk.typed import first_word
from commands.desk.which_incident import about_an_incident, incident_of_button
from commands.escalate.book import COMMAND
from commands.incident.work import acknowledged


@COMMAND.alone
@about_an_incident("escalate")
async def next_tier(call: Call, incident: Incident) -> Answer:
    return await _next_tier(call, incident)


@COMMAND.button("escalate.next")
async def next_pressed(call: Call) -> Answer:
    """The button belongs to one step, so a second press changes nothing."""
    seen = call.value.partition(" ")[2]
    return await _next_tier(call, await incident_of_button(call), seen=seen)


@COMMAND.button("escalate.again")
async def again_pressed(call: Call) -> Answer:
    """Page a tier of the ladder again, when nobody is left to page."""
    incident, tier = await incident_of_button(call), call.value.partition(" ")[2]
    why = call.house.rendering.say("documents/page_again", incident=incident)
    made = await call.house.escalations.call(call.actor, incident.id, tier, why, once=True)
    return _called(call, incident, made)


@COMMAND.verb("ack", "acknowledge", usage="ack", help="you're on it; paging stops")
@about_an_incident("escalate ack")
async def acknowledge(call: Call, incident: Incident) -> Answer:
    return await acknowledged(call, incident)


@COMMAND.verb("snooze", usage="snooze [15m]", help="hold paging, for 24h at most; does not acknowledge")
@about_an_incident("escalate snooze")
async def snooze(call: Call, incident: Incident) -> Answer:
    duration = _how_long(call.text) if call.text else DEFAULT_SNOOZE
    until = await call.house.snoozes.snooze(call.actor, incident.id, duration)
    return call.say("held", incident=incident, until=until)


@COMMAND.verb("status", usage="status", help="who was paged, how, when, whether it was accepted, and what comes next")
@about_an_incident("escalate status")
async def status(call: Call, incident: Incident) -> Answer:
    standing = await call.house.standings.now(incident.id)
    return call.say("escalation_status", **call.house.standings.facts(standing))


@COMMAND.otherwise
async def understood(call: Call) -> Answer:
    """Refuse an unknown person before asking which incident is meant."""
    target = first_word(call.typed)[0]
    tiers = {key.lower() for key in call.house.runbook.tiers}
    named = target.startswith(("<@", "@")) or target.lower() in tiers or number_of(target) is not None
    if target and not named and not call.house.people.first_meant(call.text):
        raise Refused(_not_understood(call))
    return await call_somebody(call)


@about_an_incident("escalate")
async def call_somebody(call: Call, incident: Incident) -> Answer:
    """`/escalate <tier|@user> <why>`; with just a reference, the next tier."""
    target, why = first_word(call.typed)
    if not target:
        return await _next_tier(call, incident)
    tiers = {key.lower(): key for key in call.house.runbook.tiers}
    if target.lower() in tiers:
        whom, why = tiers[target.lower()], call.with_text(why).text
    elif target.startswith(("<@", "@")) or call.house.people.first_meant(call.text):
        whom, why = call.whom()
    else:
        raise Refused(_not_understood(call))
    made = await call.house.escalations.call(call.actor, incident.id, whom, why)
    return _called(call, incident, made)


async def _next_tier(call: Call, incident: Incident, *, seen: str | None = None) -> Answer:
    tier = await call.house.escalations.escalate(call.actor, incident.id, seen=seen)
    return call.say("escalating", incident=incident, tier=call.house.runbook.tiers.get(tier))


def _called(call: Call, incident: Incident, made: Sequence[PageDraft]) -> Answer:
    return call.say("called", incident=incident, people=list(dict.fromkeys(page.person for page in made)))


def _how_long(text: str) -> timedelta:
    duration = spoken_duration(text)
    if not duration:
        raise Refused("Say how long to snooze, for example `/escalate snooze 15m`.")
    return duration


def _not_understood(call: Call) -> str:
    word = first_word(call.text)[0]
    tiers = list(call.house.runbook.tiers)
    return (
        f"{COMMAND.unknown(word, tiers)} To page a tier, type one of these and why: {', '.join(tiers)}; "
        "to page a person, type their name; to page the next tier, type `/escalate` alone."
    )
