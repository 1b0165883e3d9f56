"""Asking the bot in a story, and reading what it answered."""

from bot.sandbox.answers import AppAnswer
from bot.sandbox.model import Channel, Message
from tests.world import World, words_of

ROOM = "#inc-2026-08-06-payments-failing"


async def ask(world: World, who: str, typed: str, where: str | Channel = "#general") -> str:
    """All that the bot answers to this person, once everything has happened; only they can see it."""
    return told(await asked(world, who, typed, where))


async def asked(world: World, who: str, typed: str, where: str | Channel = "#general") -> AppAnswer:
    """The answer with its messages, once everything has happened."""
    answer = await world.workspace.person(who).types(typed, where)
    await world.settled()
    assert answer.error is None
    assert all(message.ephemeral_for == world.workspace.person(who).id for message in answer.messages)
    return answer


async def posted(world: World, who: str, typed: str, room: Channel) -> str:
    """All that the bot posts in the room for it: there the person who asked gets no answer besides."""
    world.posts()
    assert not await ask(world, who, typed, room)
    return "\n".join(headline for _, headline in world.posts())


def told(answer: AppAnswer) -> str:
    return "\n".join(words_of(message) for message in answer.messages)


def whispered(world: World, who: str, where: str | Channel) -> list[Message]:
    """What only this person sees there."""
    person = world.workspace.person(who)
    return [message for message in person.sees(where) if message.ephemeral_for == person.id]


async def declared(world: World, words: str = "P1 Payments failing", by: str = "eve") -> Channel:
    """Somebody has declared, and what follows at once has happened and is accounted for; the room."""
    await ask(world, by, f"/incident declare {words}")
    world.posts()
    return world.workspace.channel(world.room(f"INC-{await count(world)}"))


async def count(world: World) -> int:
    """How many incidents there are."""
    return len(await world.house.incidents.newest(open_only=False))


async def timeline(world: World, number: int = 1) -> list[tuple[str, str, str]]:
    """(kind, who, words) of every entry, oldest first."""
    return [(one.kind, one.actor, one.text) for one in await world.house.incidents.timeline(number)]


async def notes(world: World, number: int = 1) -> list[str]:
    return [words for kind, _, words in await timeline(world, number) if kind == "note"]
