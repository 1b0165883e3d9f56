"""The sandbox's clock stops at every deadline when it is moved."""

from datetime import timedelta

import pytest

from bot.sandbox import travel
from bot.sandbox_app import EVENTS, UNSEEN, _Bot
from tests.world import World, words_of


async def test_moving_the_clock_past_several_tiers_pages_each_at_its_time(world: World) -> None:
    await world.ada.types("/incident declare P1 Payments failing", "#general")
    await world.settled()
    began = world.clock.now()

    await world.travel.forward(timedelta(minutes=50))

    assert world.clock.now() == began + timedelta(minutes=50)
    assert [len(world.pages_of(name)) for name in ("ada", "ben", "cleo")] == [1, 1, 1]
    assert " late" not in words_of(world.pages_of("cleo")[0]).lower().replace("escalate", "")


async def test_moving_through_a_span_stops_at_every_deadline_however_many_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travel, "MOST_STOPS", 0)
    began = world.clock.now()
    await world.ada.types("/incident declare P1 Payments failing", "#general")
    await world.settled()

    await world.travel.through(timedelta(minutes=50))

    pages = [message for name in ("ben", "cleo") for message in world.pages_of(name)]
    assert [round((float(page.ts) - began.timestamp()) / 60) for page in pages] == [15, 45]


async def test_the_next_event_is_the_soonest_ahead(world: World) -> None:
    await world.ada.types("/incident declare P1 Payments failing", "#general")
    await world.settled()

    due = await world.travel.next_due()

    assert due is not None
    assert world.clock.now() < due[0] <= world.clock.now() + timedelta(minutes=15)


async def test_every_round_is_listed_either_as_an_event_of_the_sandbox_or_as_unseen(world: World) -> None:
    """A round on neither list would do everything at once, when the clock has arrived."""
    assert set(EVENTS) | UNSEEN == set(world.app.rounds)
    assert not set(EVENTS) & UNSEEN


async def test_the_next_event_is_a_task_if_that_is_due_first(world: World) -> None:
    await world.ada.types("/incident declare P1 Payments failing", "#general")
    await world.settled()
    await world.ada.types("/incident task @ada Call the bank 2m", world.room())
    await world.settled()

    due = await _Bot(world.app).due()

    assert min(due) == (world.clock.now() + timedelta(minutes=2), "a task is due")
