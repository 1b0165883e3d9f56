"""What an ordinary incident posts in its room from declaration to resolution: each thing once, and no more."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from tests.stories.asking import ROOM, ask
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

PROMISING = "    user_facing: true\n    respond_within: 15m\n    postmortem: required\n"
WATCHED = (
    RUNBOOK.replace("    user_facing: true\n", PROMISING)
    + """
after_resolution: {watch_for: 2h}
checklists:
  triage: [Look at the dashboard]
  verification: [Log in as a customer]
"""
)


def heard(world: World) -> list[str]:
    """The first word, often an emoji, of every message posted in the room since the last call, including nudges."""
    posts = (one for one in world.sent_since() if one.method == "chat.postMessage")
    places = ((world.workspace.find_channel(one.channel or ""), one.text or "") for one in posts)
    return [words.split()[0] for place, words in places if place and f"#{place.name}" == ROOM]


async def test_an_ordinary_incident_posts_each_thing_once(new_world: NewWorld) -> None:
    async with new_world(runbook=WATCHED) as world:
        await ask(world, "eve", "/incident declare P1 Payments failing")
        room = world.workspace.channel(world.room())
        assert heard(world) == ["*INC-1", "📋"], "its card and the list of triage; the pages are on the card"
        await world.passes(minutes=3)
        await world.ada.presses("Acknowledge", world.card())
        await world.settled()
        await ask(world, "ada", "/incident lead", room)
        await ask(world, "ada", "/incident impact Nobody can pay", room)
        assert heard(world) == ["👀", "<@U0ADA>"], "the impact is on the card"
        await world.passes(minutes=6)
        await ask(world, "ada", "/incident status identified", room)
        await ask(world, "ada", "/incident update The connection pool was exhausted", room)
        await world.passes(minutes=9)
        await ask(world, "ada", "/incident status monitoring", room)
        assert heard(world) == ["<@U0ADA>", "📝", "<@U0ADA>"], "who speaks is not asked for a word"
        await world.passes(minutes=9)
        await ask(world, "ada", "/incident resolve Restarted the pool", room)
        said = heard(world)
        assert said[0] == "✅", "the end first"
        assert sorted(said) == sorted(["✅", "❓", "👀", "📝"]), "verification, watch and post-mortem"
        await world.passes(hours=1)
        assert heard(world) == []
