"""A post-mortem as its channel's canvas: created, kept up to date, and refused with a reason."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.sandbox.model import Canvas
from tests.stories.asking import ask, declared
from tests.stories.postmortems.test_postmortems import OWING, card, resolved
from tests.world import World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=OWING) as world:
        await resolved(world)
        yield world


def canvases(world: World) -> list[Canvas]:
    return list(world.workspace.canvases.values())


async def pressed(world: World, button: str = "As a canvas") -> str:
    """Presses the canvas button; returns what the room is told."""
    before = len(world.said_in(world.room()))
    await world.ada.presses(button, card(world))
    await world.settled()
    return "\n".join(words for words in world.said_in(world.room())[before:] if "canvas" in words)


async def written(world: World, **sections: str) -> None:
    await world.ada.presses("Edit", card(world))
    await world.settled()
    await world.ada.submits(values={name.replace("_", " "): text for name, text in sections.items()})
    await world.settled()


async def test_the_canvas_contains_the_document_and_follows_its_edits(town: World) -> None:
    assert "in this channel's canvas" in await pressed(town)
    [canvas] = canvases(town)
    assert canvas.channel == town.room() and canvas.title == "INC-1 post-mortem"
    assert "It was the index" in canvas.markdown

    said = len(town.said_in(town.room()))
    await written(town, Root_cause="A full disk")
    assert "A full disk" in canvas.markdown and canvases(town) == [canvas]
    assert not [words for words in town.said_in(town.room())[said:] if "canvas" in words]
    # A deleted canvas is created again by the next version.
    town.workspace.canvases.clear()
    await written(town, Root_cause="A full disk, once more")
    assert "once more" in canvases(town)[0].markdown


async def test_a_waived_post_mortem_that_is_written_after_all_keeps_its_canvas_and_owner(town: World) -> None:
    room = town.workspace.channel(town.room())
    await pressed(town)
    await ask(town, "ada", "/incident postmortem owner @ben", room)
    await ask(town, "ada", "/incident postmortem waive No need", room)
    [canvas] = canvases(town)
    assert "| State | waived |" in canvas.markdown
    await town.ada.presses("Write one after all", card(town))
    await town.settled()
    assert "| State | draft |" in canvas.markdown and "| Owner | Ben Moss |" in canvas.markdown
    await ask(town, "ada", "/incident reopen It is back", room)
    await ask(town, "ada", "/incident resolve Rebuilt", room)
    assert "Rebuilt" in canvas.markdown


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("canvas_disabled_user_team", "are off"),
        ("team_tier_cannot_create_channel_canvases", "plan"),
        ("channel_canvas_already_exists", "already has a canvas"),
        ("missing_scope", "canvases:write"),
    ],
)
async def test_a_refusal_is_posted_in_the_room_and_offers_the_file_instead(town: World, code: str, words: str) -> None:
    town.workspace.faults.refuse("conversations.canvases.create", code)
    said = await pressed(town)
    assert words in said and "As a file" in said and not canvases(town)
    # Not retried with every version: only when somebody asks again.
    await written(town, Root_cause="A full disk")
    assert not canvases(town)
    assert "in this channel's canvas" in await pressed(town)
    assert "A full disk" in canvases(town)[0].markdown


async def test_a_canvas_whose_creation_went_unanswered_is_found_and_not_created_twice(town: World) -> None:
    town.workspace.faults.break_down("conversations.canvases.create", after=True)
    await town.ada.presses("As a canvas", card(town))
    await town.passes(minutes=2)
    assert len(canvases(town)) == 1
    await written(town, Root_cause="A full disk")
    assert "A full disk" in canvases(town)[0].markdown


async def test_a_canvas_somebody_else_created_is_left_alone(town: World) -> None:
    theirs = Canvas("F1", town.room(), "Notes", "Ours")
    town.workspace.canvases[theirs.id] = theirs
    assert "already has a canvas" in await pressed(town)
    assert canvases(town) == [theirs] and theirs.markdown == "Ours"


async def test_a_private_incident_has_its_own_canvas_and_a_closed_channel_none(new_world: NewWorld) -> None:
    async with new_world(runbook=OWING) as world:
        await ask(world, "ada", "/incident private P1 Passport scans")
        room = world.workspace.channel(world.room())
        await ask(world, "ada", "/incident resolve", room)
        await ask(world, "ada", "/incident postmortem canvas", room)
        assert [canvas.channel for canvas in canvases(world)] == [room.id]

        other = await declared(world, "P1 Payments failing", by="ada")
        await ask(world, "ada", "/incident resolve", other)
        world.workspace.conversations.archive(other, "U0ADA")
        await world.settled()
        await ask(world, "ada", "/incident postmortem INC-2 canvas")
        assert len(canvases(world)) == 1
