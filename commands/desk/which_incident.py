"""Verbs about one incident: named by reference, implied by the room, or asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident, by_urgency, number_of, refusing_about
from bot.services.rooms.members import outside
from bot.slack.blocks import Button
from commands.desk.book import Deed
from commands.desk.call import Answer, Call
from commands.desk.typed import first_word

DeedAbout = Callable[[Call, Incident], Awaitable[Answer]]

# The action of choosing an incident; its value is the incident and the request that asked.
CHOICE = "incident.about"
OFFERED = 10
# What can be done while nothing is open.
BEGIN = (Button("Declare", "incident.declare", style="danger"), Button("Who is on call", "escalate.oncall"))


def about_an_incident(
    command: str, *, resolved: bool = False, judge: Callable[[Call], object] | None = None
) -> Callable[[DeedAbout], Deed]:
    """Find the incident meant before the deed runs. `command`: what was typed, without the slash.

    `resolved`: offer resolved incidents if none is named. `judge`: refuses words valid for no incident, before anybody
    is asked which one.
    """

    def wrap(deed: DeedAbout) -> Deed:
        async def find_first(call: Call) -> Answer:
            incident, rest = await _meant(call)
            if incident is None:
                if judge and rest.strip():
                    judge(call.with_text(rest))
                return await _ask(call, command, resolved=resolved)
            await must_let_in(call, incident)
            with refusing_about(incident):
                return await deed(call.with_text(rest), incident)

        return find_first

    return wrap


async def incident_of_button(call: Call) -> Incident:
    """The incident numbered in the button's value, as its first word. Raises NotPermitted to outsiders."""
    incident = await call.house.incidents.find(call.value.split(" ", 1)[0])
    await must_let_in(call, incident)
    return incident


async def incident_of_form(call: Call) -> Incident:
    """The incident numbered in what the form carried, as its first word. Raises NotPermitted to outsiders: the person
    may have been removed since opening the form, and its content proves nothing."""
    incident = await call.house.incidents.find(call.private.split(" ", 1)[0])
    await must_let_in(call, incident)
    return incident


def titled(what: str, incident: Incident) -> str:
    """A form's title about an incident, within Slack's limit: `Update INC-12`."""
    return f"{'DRILL ' if incident.drill else ''}{what} {incident.ref}"


def over(incident: Incident) -> str:
    """A form's note that the incident is resolved; else empty."""
    return "" if incident.is_open else f"*{incident.ref} is resolved.* This is added to its record."


async def is_about_one(call: Call) -> bool:
    """Whether the words, an earlier choice, or the channel tell which incident is meant."""
    return (await _meant(call))[0] is not None


async def must_be_in_room(call: Call) -> Incident:
    """The incident of this room; raises Refused elsewhere."""
    incident = await call.house.incidents.of_room(call.channel) if call.channel else None
    if incident is None:
        raise Refused("This isn't an incident's channel. Do this in the incident's own channel.")
    return incident


async def private_here(call: Call) -> Incident | None:
    """The private incident this channel belongs to: what is typed here must not be repeated where others read it."""
    incident = await call.house.incidents.of_room(call.channel) if call.channel else None
    return incident if incident and incident.private else None


async def must_be_for_everybody(call: Call, undone: str, read: str, instead: str = "Type") -> None:
    """Raise Refused in a private incident's channel: `undone` is what was not done, `read` what everybody could
    read."""
    if incident := await private_here(call):
        raise Refused(
            f"{undone}: everybody can read {read}, and {incident.ref}, whose channel this is, is private. "
            f"{instead} it in another channel, in words that everybody may read."
        )


async def lets_in(call: Call, incident: Incident) -> bool:
    """Whether they may see it: a private incident is for its members, any other for everybody."""
    is_in_room = call.channel == incident.room_id
    return bool(await call.house.members.lets_in(incident, call.actor.name, is_in_room=is_in_room))


async def must_let_in(call: Call, incident: Incident) -> None:
    """Raise NotPermitted to outsiders."""
    if not await lets_in(call, incident):
        raise outside(incident)


async def _meant(call: Call) -> tuple[Incident | None, str]:
    """The incident, and the words without its reference."""
    if call.about:
        return await call.house.incidents.find(call.about), call.typed
    first, rest = first_word(call.typed)
    if is_reference(first):
        return await call.house.incidents.find(first), rest
    return await call.house.incidents.of_room(call.channel) if call.channel else None, call.typed


def is_reference(word: str) -> bool:
    """`INC-12` or `#12`; a bare number may be anything."""
    return word.lower().startswith(("inc-", "#")) and number_of(word) is not None


async def _ask(call: Call, command: str, *, resolved: bool) -> Answer:
    buttons = await choices(call, resolved=resolved)
    if not buttons:
        reply = call.say("none_to_choose", buttons=() if resolved else BEGIN, resolved=resolved)
    else:
        more, offered = len(buttons) > OFFERED, tuple(buttons[:OFFERED])
        reply = call.say("which_incident", command=command, more=more, buttons=offered)
    return replace(reply, is_undone=True)


async def choices(call: Call, *, resolved: bool = False) -> list[Button]:
    """Buttons to do what was typed about one of these: the caller's own incidents first, each group by urgency. One
    more than is offered, if there are more."""
    found = [one for one in await call.house.incidents.newest(open_only=not resolved) if one.is_open != resolved]
    ranked = found if resolved else by_urgency(found, call.house.runbook.severity_ids)
    seen = [one for one in ranked if await lets_in(call, one)]
    mine = [one for one in seen if call.actor.name in (one.declared_by, one.acknowledged_by, *one.roles.values())]
    offered = [*mine, *(one for one in seen if one not in mine)][: OFFERED + 1]
    return [Button(_label(one), f"{CHOICE}#{one.id}", f"{one.id} {call.actor.request}") for one in offered]


def _label(incident: Incident) -> str:
    return f"{'DRILL ' if incident.drill else ''}{incident.ref} {incident.severity} {incident.title}"
