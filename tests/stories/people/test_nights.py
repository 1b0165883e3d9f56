"""Nights and handovers: who was woken too often, and who is on call now."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from bot.domain.paging.nights import Night, morning_after, rows_that_end
from tests.stories.asking import ask
from tests.stories.people.test_rota import ON_A_SCHEDULE
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


def warned(world: World, who: str = "ben") -> list[str]:
    return [words_of(one) for one in world.pages_of(who) if "nights in a row" in words_of(one)]


async def test_the_lead_is_told_once_when_somebody_was_woken_three_nights_in_a_row(world: World) -> None:
    for nights, told in ((1, 0), (2, 0), (3, 1), (4, 1)):
        await world.passes(hours=12)
        await world.eve.types("/incident declare P2 It is slow")
        await world.settled()
        await ask(world, "eve", f"/incident resolve INC-{nights} done")
        await world.passes(hours=3, minutes=59)
        assert len(warned(world)) == (1 if nights > 3 else 0), "not before the night is over"
        async with world.joined():
            await world.passes(minutes=1)
        assert len(warned(world)) == told
        await world.passes(hours=8)
    [said] = warned(world)
    assert "Ada Obi was paged 3 nights in a row" in said and said.count("1 page") == 3
    assert "Thu 06 Aug" in said and "Sat 08 Aug" in said
    assert warned(world, "ada") == []


async def test_a_morning_already_reported_is_not_reported_again_after_a_clock_is_set_back(
    world: World, database: str
) -> None:
    for nights in (1, 2, 3):
        await world.passes(hours=12)
        await world.eve.types("/incident declare P2 It is slow")
        await world.settled()
        await ask(world, "eve", f"/incident resolve INC-{nights} done")
        await world.passes(hours=12)
    assert len(warned(world)) == 1
    # As after the clock was corrected, or when a process started before the morning looks after it.
    for back in ("5 h", "30 h"):
        async with await AsyncConnection.connect(database, autocommit=True) as conn:
            await conn.execute(f"UPDATE night_looks SET due_at = due_at - interval '24 h' - interval '{back}'".encode())
        await world.passes(minutes=1)
        assert len(warned(world)) == 1, back


async def test_mornings_already_looked_at_by_a_clock_far_ahead_are_still_reported(world: World, database: str) -> None:
    async with await AsyncConnection.connect(database, autocommit=True) as conn:
        ahead = "due_at = due_at + interval '1 year', looked_until = due_at + interval '1 year'"
        await conn.execute(f"UPDATE night_looks SET {ahead}".encode())
    await world.house.timekeeping.put_right()
    for nights in (1, 2, 3):
        await world.passes(hours=12)
        await world.eve.types("/incident declare P2 It is slow")
        await world.settled()
        await ask(world, "eve", f"/incident resolve INC-{nights} done")
        await world.passes(hours=12)
    assert len(warned(world)) == 1


async def test_a_night_is_in_the_paged_persons_time_zone_and_a_lead_hears_of_their_own_nights(
    new_world: NewWorld,
) -> None:
    """Three in the morning in London is the evening before in Los Angeles, the time zone of Ada's schedule."""
    runs = ON_A_SCHEDULE.replace('handover: "Mon 09:00"', 'timezone: America/Los_Angeles, handover: "Mon 09:00"')
    async with new_world(runbook=runs) as world:
        for nights in (1, 2, 3):
            await world.passes(hours=12)
            await world.eve.types("/incident declare P1 It is slow")
            await world.passes(minutes=20)
            await ask(world, "eve", f"/incident resolve INC-{nights} done")
            await world.passes(hours=11, minutes=40)
        said = warned(world)[-1]
        assert "You were paged 3 nights in a row" in said and said.count("1 page") == 3
        assert not any("Ada Obi" in one for one in warned(world))


async def test_nights_of_people_no_longer_in_the_runbook_are_not_reported(new_world: NewWorld, database: str) -> None:
    async with new_world() as world:
        for nights in (1, 2, 3):
            await world.passes(hours=12)
            await world.eve.types("/incident declare P2 It is slow")
            await world.settled()
            await ask(world, "eve", f"/incident resolve INC-{nights} done")
            await world.passes(hours=3 if nights == 3 else 12)
        async with await AsyncConnection.connect(database, autocommit=True) as conn:
            await conn.execute("UPDATE pages SET person = 'gone'")
        await world.passes(hours=3)
        assert warned(world) == []


async def test_a_night_with_only_a_drill_counts_as_quiet(world: World) -> None:
    for nights in (1, 2, 3):
        await world.passes(hours=12)
        await world.eve.types(f"/incident {'drill' if nights == 2 else 'declare'} P2 It is slow")
        await world.settled()
        await ask(world, "eve", f"/incident resolve INC-{nights} done")
        await world.passes(hours=12)
    assert warned(world) == []


def test_a_night_ends_by_the_wall_clock_and_belongs_to_the_day_it_began_on() -> None:
    london = ZoneInfo("Europe/London")
    before = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
    assert morning_after(before, london) == datetime(2026, 10, 25, 7, 0, tzinfo=UTC), "the clocks go back"
    assert morning_after(datetime(2026, 10, 23, 20, 0, tzinfo=UTC), london).hour == 6
    nights = [Night("ada", date(2026, 8, day), 1) for day in (6, 7, 8, 9)]
    assert list(rows_that_end(nights[1:], date(2026, 8, 9))) == ["ada"]
    assert rows_that_end(nights, date(2026, 8, 9)) == {}, "it was told a day before"


async def test_a_schedule_can_announce_at_handover_who_is_on_call_and_who_is_next(new_world: NewWorld) -> None:
    runs = ON_A_SCHEDULE.replace("starts: 2026-08-03}\n  dep", "starts: 2026-08-03, announce: true}\n  dep")
    async with new_world(runbook=runs) as world:
        async with world.joined():
            await world.passes(days=3, hours=18)
        channel = next(one for one in world.workspace.conversations if one.name == "incidents")
        [said] = [words_of(one) for one in channel.messages if "on call" in words_of(one)]
        assert "Ben Moss is on call for `primary`* until <!date" in said and "Next: Ada Obi" in said


async def test_a_delayed_announcement_says_who_is_on_call_when_it_is_posted(new_world: NewWorld) -> None:
    hourly = 'rotates: 1h, handover: "09:00", announce: true'
    runs = ON_A_SCHEDULE.replace('rotates: weekly, handover: "Mon 09:00"', hourly)
    async with new_world(runbook=runs) as world:
        channel = next(one for one in world.workspace.conversations if one.name == "incidents")
        world.workspace.faults.break_down(
            "chat.postMessage", times=None, when=lambda sent: sent["channel"] == channel.id
        )
        for _ in range(2):
            await world.passes(hours=1)
        world.workspace.faults.heal("chat.postMessage")
        await world.passes(minutes=5)
        said = [words_of(one) for one in channel.messages if "is on call" in words_of(one)]
        assert [words.partition(" is on call")[0] for words in said] == ["📟 *Ada Obi"]
