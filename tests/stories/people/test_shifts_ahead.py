"""Around a shift: a heads-up before it starts, and a note from the person going off call."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from psycopg import AsyncConnection

from tests.stories.asking import ask
from tests.stories.people.test_rota import ON_A_SCHEDULE
from tests.world import World, words_of

PAIR = ("ada", "ben")
NewWorld = Callable[..., AbstractAsyncContextManager[World]]

AHEAD = ON_A_SCHEDULE.replace("starts: 2026-08-03}\n  dep", "starts: 2026-08-03, remind: 24h}\n  dep")


def heard(world: World, who: str) -> list[str]:
    return [words_of(one) for one in world.pages_of(who) if "from <!date" in words_of(one)]


async def test_the_next_person_on_call_is_told_once_a_day_ahead(new_world: NewWorld) -> None:
    async with new_world(runbook=AHEAD) as world:
        await world.passes(days=2, hours=17, minutes=59)
        assert heard(world, "ben") == []
        await world.passes(minutes=1)
        async with world.joined():
            await world.passes(hours=20)
        [said] = heard(world, "ben")
        assert "You are on call for `primary` from" in said and heard(world, "ada") == []


async def test_at_the_bots_first_start_people_whose_shift_is_less_than_a_day_away_are_told_at_once(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=AHEAD.replace("remind: 24h", "remind: 5d")) as world:
        await world.settled()
        assert len(heard(world, "ben")) == 1


async def test_many_short_shifts_are_reported_in_batches_without_a_busy_loop(new_world: NewWorld) -> None:
    async with new_world(runbook=AHEAD.replace("rotates: weekly", "rotates: 15m")) as world:
        await world.settled()
        told = len(heard(world, "ben"))
        await world.passes(minutes=31)
        assert len(heard(world, "ben")) > told > 1 and await world.house.handovers.take_due() == 0


async def test_the_covering_person_is_told_of_a_later_cover(new_world: NewWorld) -> None:
    async with new_world(runbook=AHEAD) as world:
        await ask(world, "eve", "/escalate cover primary @cleo from Sat 10:00 until Sun 10:00")
        assert heard(world, "cleo") == []
        await world.passes(days=1)
        [said] = heard(world, "cleo")
        assert "you cover for Ada Obi" in said
        await ask(world, "eve", "/escalate cover primary @dev from Sat 11:00 until Sat 12:00")
        assert len(heard(world, "dev")) == 1, "also when it is sooner than that"


async def test_a_note_left_at_the_end_of_a_shift_is_delivered_to_the_next_person(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        refused = await ask(world, "ben", "/escalate handover primary Mine")
        assert "Ada Obi has `primary` now" in refused
        said = await ask(world, "ada", "/escalate handover The queue is slow; restart it with care")
        assert "Note left for Ben Moss" in said
        await world.passes(days=3, hours=18)
        told = [words_of(one) for one in world.pages_of("ben")]
        assert any("Note from Ada Obi: The queue is slow; restart it with care" in one for one in told)
        assert not any("queue" in words_of(one) for one in world.pages_of("ada"))


async def test_a_note_left_before_its_authors_own_handover_was_noticed_goes_to_the_next_person(
    new_world: NewWorld, database: str
) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await world.passes(days=3, hours=18)
        # As if nobody had looked since Ada was on call.
        async with await AsyncConnection.connect(database) as conn:
            await conn.execute("UPDATE handovers SET person = 'ada' WHERE schedule = 'primary'")
        assert "Note left for Ada Obi" in await ask(world, "ben", "/escalate handover primary Mind the queue")
        await world.passes(days=7)
        noted = {
            who: [words_of(one) for one in world.pages_of(who) if "Mind the queue" in words_of(one)] for who in PAIR
        }
        assert noted["ben"] == [] and "Note from Ben Moss" in noted["ada"][0]


async def test_the_answer_says_when_a_note_was_not_stored(new_world: NewWorld, database: str) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        async with await AsyncConnection.connect(database) as conn:
            await conn.execute("DELETE FROM handovers")
        assert "no note was kept" in await ask(world, "ada", "/escalate handover primary Mind the queue")


async def test_a_note_whose_message_was_superseded_is_delivered_once_to_the_next_person(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "ada", "/escalate handover primary Mind the queue")
        world.workspace.faults.limit("chat.postMessage", retry_after=60, when=lambda sent: "U0BEN" in str(sent))
        await world.passes(days=3, hours=18)
        assert "Note left" in await ask(world, "ben", "/escalate handover primary Mind the cache too")
        await ask(world, "eve", "/escalate cover primary @cleo until Tue 9am")
        await world.passes(minutes=2)
        assert noted(world, "ben", "You are on call for `primary` now") == []
        await world.passes(days=14)
        [said] = noted(world, "cleo", "Note from")
        assert "Note from Ada Obi: Mind the queue" in said and "Note from Ben Moss: Mind the cache too" in said
        assert noted(world, "ada", "Note from") == [] and noted(world, "ben", "Note from") == []


def noted(world: World, who: str, what: str) -> list[str]:
    return [words_of(one) for one in world.pages_of(who) if what in words_of(one)]
