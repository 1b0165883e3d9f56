"""A normal morning of the example team, and an incident to start with."""

from bot.sandbox.answers import AppAnswer
from bot.sandbox.model import Channel
from bot.sandbox.people import Person
from bot.sandbox.workspace import Workspace

_MORNING = (
    ("cleo", "Good morning. The new pricing page goes live at noon, please keep an eye on support."),
    ("dev", "Deployed the search index change, 40 minutes ahead of plan."),
    ("eve", "First customers are in. Quiet so far."),
    ("finn", "I have the release note ready for @cleo to read."),
)
_BEGINNING = (
    "/incident declare P2 Search results are slow",
    "/incident note Three customers wrote within ten minutes, all on the course search",
    "/incident note Pages take 8 to 12 seconds, signing in works as always",
)


def furnish(workspace: Workspace) -> None:
    """Post a few friendly messages in #general before anybody looks."""
    for name, text in _MORNING:
        person = workspace.person(name)
        workspace.conversations.say(workspace.channel("#general"), person.id, person.typed(text))


async def begin(workspace: Workspace) -> list[AppAnswer]:
    """Eve declares an incident and adds what she knows, by commands to the connected app."""
    await workspace.until(lambda: workspace.connected, within=30)
    eve = workspace.person("eve")
    before = {channel.id for channel in eve.channels()}
    declared = await eve.types(_BEGINNING[0], "#general")
    room = await workspace.until(lambda: _new_room(eve, before), within=30)
    return [declared, *[await eve.types(text, room) for text in _BEGINNING[1:]]]


def _new_room(person: Person, before: set[str]) -> Channel | None:
    """The first channel this person was added to since then, not counting direct conversations."""
    return next((c for c in person.channels() if c.kind != "im" and c.id not in before), None)
