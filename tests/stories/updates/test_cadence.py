"""The next update as promised: the lead is reminded before it is due, the room when it is, and if it stays overdue the
next tier is paged."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.sandbox.looking import labels
from bot.sandbox.model import Message
from tests.mail_server import PostOffice, post_office
from tests.stories.asking import ask
from tests.stories.asking import declared as declared_by
from tests.stories.updates.test_stakeholder_updates import (
    card,
    declared,
    does,
    presses,
    updating,
    updating_world,
    writes,
)
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
RHYTHM = RUNBOOK.replace("    name: Low\n", "    name: Low\n    update_every: 30m\n")


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


@pytest.fixture
async def town(new_world: NewWorld, office: PostOffice) -> AsyncIterator[World]:
    async with updating_world(new_world, office) as world:
        yield world


def clocks(world: World) -> list[Message]:
    """Every reminder in the room, oldest first."""
    return [one for one in world.workspace.messages(world.room()) if one.text.startswith("⏰")]


async def told_clients(town: World) -> None:
    """Tell the clients, who then expect the next update in 45 minutes."""
    await declared(town)
    await does(town, "ada", "/escalate ack")
    await does(town, "ada", "/incident lead cleo")
    await writes(town, "ada", "clients", text="We are on it.")
    await presses(town, "ben", "Approve", card(town, "clients"))


async def test_the_lead_is_reminded_five_minutes_before_an_update_is_due_with_the_last_text(town: World) -> None:
    await told_clients(town)
    await town.passes(minutes=39, seconds=40)
    assert clocks(town) == []
    await town.passes(seconds=20)
    (near,) = clocks(town)
    assert f"<@{town.cleo.id}>" in near.text
    assert "is due by" in near.text
    assert "We are on it." in str(near.blocks)
    assert town.ada.labels(near) == ["Tell clients", "Snooze 15 min", "Snooze 30 min"]
    await town.passes(minutes=5)
    assert len(clocks(town)) == 2
    assert "is due now" in clocks(town)[-1].text


async def test_an_update_overdue_for_as_long_again_pages_the_next_tier_once(town: World) -> None:
    await told_clients(town)
    await town.passes(minutes=45)
    assert len(town.pages_of("ben")) == 0
    await town.passes(minutes=45)
    (page,) = town.pages_of("ben")
    assert "No update to clients by" in str(page.blocks)
    room = "\n".join(town.said_in(town.room()))
    assert "No update to clients by" in room and "is being paged" in room
    await town.passes(hours=3)
    assert len(town.pages_of("ben")) == 1
    assert len(town.pages_of("cleo")) == 0


async def test_the_room_is_reminded_of_the_text_that_waits_for_approval(town: World) -> None:
    await told_clients(town)
    await town.passes(minutes=30)
    await writes(town, "ada", "clients", text="Still on it.")
    await town.passes(minutes=15)
    due = clocks(town)[-1]
    assert "text by Ada Obi waits for approval" in due.text and "is due now" not in due.text
    assert town.ada.labels(due) == ["Snooze 15 min", "Snooze 30 min"]
    await town.passes(minutes=45)
    assert "waits for approval" in str(town.pages_of("ben")[0].blocks)


async def test_a_reminder_loses_its_buttons_once_the_audience_is_told_or_the_incident_is_resolved(town: World) -> None:
    await told_clients(town)
    await town.passes(minutes=40)
    (near,) = clocks(town)
    assert "Tell clients" in labels(near)
    await town.passes(minutes=5)
    near, due = clocks(town)
    assert labels(near) == [] and "Tell clients" in labels(due)
    await writes(town, "ada", "clients", text="Still on it.")
    await presses(town, "ben", "Approve", card(town, "clients"))
    assert labels(due) == []
    await town.passes(minutes=40)
    assert "Tell clients" in labels(clocks(town)[-1])
    await does(town, "ada", "/incident resolve Rolled back")
    assert [label for one in clocks(town) for label in labels(one)] == []


async def test_an_update_sent_in_time_causes_no_reminder_and_no_page(town: World) -> None:
    await told_clients(town)
    await town.passes(minutes=35)
    await writes(town, "ada", "clients", text="Still on it.")
    await presses(town, "ben", "Approve", card(town, "clients"))
    await town.passes(minutes=35)
    assert clocks(town) == []
    assert len(town.pages_of("ben")) == 0


async def test_a_snoozed_reminder_is_posted_again_when_the_snooze_ends(town: World) -> None:
    await told_clients(town)
    await town.passes(minutes=45)
    before = len(clocks(town))
    assert "Snoozed" in await presses(town, "ada", "Snooze 30 min", clocks(town)[-1])
    await town.passes(minutes=29, seconds=50)
    assert len(clocks(town)) == before
    await town.passes(seconds=10)
    assert len(clocks(town)) == before + 1


async def test_an_overdue_update_pages_nobody_until_the_incident_is_acknowledged(
    new_world: NewWorld, office: PostOffice
) -> None:
    runbook = updating(RUNBOOK).replace("wait: 15m", "wait: 9h")
    async with updating_world(new_world, office, runbook) as world:
        await declared(world)
        await writes(world, "ada", "clients")
        await presses(world, "ben", "Approve", card(world, "clients"))
        await world.passes(minutes=45)
        await world.passes(minutes=45)
        assert len(world.pages_of("ben")) == 0


async def test_update_every_reminds_the_room_but_pages_nobody(new_world: NewWorld) -> None:
    async with new_world(runbook=RHYTHM) as world:
        room = await declared_by(world, "P3 Slow reports")
        await ask(world, "ada", "/escalate ack", room)
        await world.passes(minutes=25)
        assert "update here is due by" in clocks(world)[-1].text
        assert world.ada.labels(clocks(world)[-1])[0] == "Post update"
        await world.passes(minutes=5)
        await world.passes(minutes=30)
        await world.passes(hours=6)
        assert len(clocks(world)) == 3
        assert len(world.pages_of("ben")) == 0
        await ask(world, "ada", "/incident update Still slow", room)
        await world.passes(minutes=25)
        assert len(clocks(world)) == 4


async def test_an_update_that_names_the_next_one_is_a_promise(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK) as world:
        room = await declared_by(world, "P1 Slow reports")
        await ask(world, "ada", "/escalate ack", room)
        await ask(world, "ada", "/incident update", room)
        await world.ada.submits(values={"update": "Looking", "next_update": "20m"})
        await world.settled()
        await world.passes(minutes=20)
        await world.passes(minutes=20)
        assert len(world.pages_of("ben")) == 1
        assert "No update to the room by" in str(world.pages_of("ben")[0].blocks)


async def test_the_time_given_in_the_form_is_the_one_promised_and_reminded_of(town: World) -> None:
    await declared(town)
    await does(town, "ada", "/incident tell clients")
    offered = town.ada.modal().values["next_update"]["text"]["value"]
    assert offered == "15:45 BST" and f"by {offered}" in town.ada.modal().values["text"]["text"]["value"]
    await town.ada.submits(values={"next_update": "in 2 hours"})
    await town.passes(seconds=5)
    assert "by 17:00 BST" in words_of(card(town, "clients")) and offered not in words_of(card(town, "clients"))
    await presses(town, "ben", "Approve", card(town, "clients"))
    await town.passes(minutes=114)
    assert clocks(town) == []
    await town.passes(minutes=1)
    assert len(clocks(town)) == 1


async def test_a_text_that_promises_another_time_than_the_form_is_not_sent(town: World) -> None:
    await declared(town)
    await writes(town, "ada", "clients", text="We'll update you by 17:30.", next_update="16:30")
    answer = str(town.ada.modal().content)
    assert "the text says 17:30" in answer and "16:30" in answer


async def test_a_resolved_incident_is_reminded_of_no_update(new_world: NewWorld) -> None:
    async with new_world(runbook=RHYTHM) as world:
        room = await declared_by(world, "P3 Slow reports")
        await ask(world, "ada", "/incident resolve", room)
        await world.passes(hours=6)
        assert clocks(world) == []


async def test_a_text_that_still_says_to_be_confirmed_is_kept_as_a_draft_and_not_sent(
    town: World, office: PostOffice
) -> None:
    await declared(town)
    before = len(office.letters)
    await writes(town, "ada", "stakeholders", text="We found [to be confirmed].")
    assert len(office.letters) == before
    await does(town, "ada", "/incident tell stakeholders")
    assert "We found [to be confirmed]." in str(town.ada.modal().content)


async def test_the_time_until_the_next_update_begins_with_the_approval(town: World) -> None:
    await declared(town)
    await does(town, "ada", "/escalate ack")
    await writes(town, "ada", "clients", text="We are on it.", next_update="")
    await town.passes(minutes=50)
    await presses(town, "ben", "Approve", card(town, "clients"))
    await town.passes(minutes=39)
    assert clocks(town) == []
    assert len(town.pages_of("ben")) == 0
    await town.passes(minutes=6)
    assert "is due now" in clocks(town)[-1].text
    assert len(town.pages_of("ben")) == 0
