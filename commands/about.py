"""Verbs about one incident: the room implies it, a reference names it, else the person is asked."""

from collections.abc import Awaitable, Callable

from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Incident, number_of
from bot.slack.blocks import Button
from commands.call import Answer, Call
from commands.command import Command, Deed

DeedAbout = Callable[[Call, Incident], Awaitable[Answer]]

# Where a choice of an incident is pressed, by what was typed before (`incident note`).
_deeds: dict[str, DeedAbout] = {}

OFFERED = 10
VALUE_LENGTH = 2000


def about_an_incident(typed: str) -> Callable[[DeedAbout], Deed]:
    """Find the incident that is meant before the deed. `typed` is the command and its verb."""

    def wrap(deed: DeedAbout) -> Deed:
        _deeds[typed] = deed

        async def find_first(call: Call) -> Answer:
            incident, rest = await _meant(call)
            return await deed(call.with_text(rest), incident) if incident else await _ask(call, typed)

        return find_first

    return wrap


def chosen_in(book: Command) -> None:
    """Bind the buttons that `_ask` offers."""

    @book.button("incident.about")
    async def chosen(call: Call) -> Answer:
        number, typed, text = call.value.split("|", 2)
        incident = await call.house.incidents.find(number)
        return await _deeds[typed](call.with_text(text), incident)


async def incident_of_button(call: Call) -> Incident:
    """The incident whose number is the button's value, or its first word."""
    return await call.house.incidents.find(call.value.split(" ", 1)[0])


async def must_be_in_room(call: Call) -> Incident:
    """For deeds that only make sense inside the room; raises Refused elsewhere."""
    incident = await call.house.incidents.of_room(call.channel) if call.channel else None
    if incident is None:
        raise Refused("This channel is no incident's room. Do this in the incident's own channel.")
    return incident


async def _meant(call: Call) -> tuple[Incident | None, str]:
    first, _, rest = call.text.partition(" ")
    if first.lower().startswith("inc-") and number_of(first):
        return await call.house.incidents.find(first), rest.strip()
    if call.channel and (incident := await call.house.incidents.of_room(call.channel)):
        return incident, call.text
    return None, call.text


async def _ask(call: Call, typed: str) -> Answer:
    """The caller's own open incidents first, then the others."""
    found = await call.house.incidents.newest(open_only=True)
    if not found:
        raise NotFound("No incident is open. `/incident declare <title>` opens one, `/incident list all` shows all.")
    mine = [one for one in found if call.actor.name in (one.declared_by, one.acknowledged_by, *one.roles.values())]
    offered = [*mine, *(one for one in found if one not in mine)][:OFFERED]
    buttons = tuple(
        Button(f"{one.ref} {one.title}", f"incident.about#{one.id}", f"{one.id}|{typed}|{call.text}"[:VALUE_LENGTH])
        for one in offered
    )
    return call.say("which_incident", typed=typed, buttons=buttons)
