"""Who is on call: covers, how they are shown, and who is notified at a handover."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import AsyncConnection

from bot.app import App
from bot.domain.actor import Actor
from bot.sandbox.model import Json
from bot.store import audit
from bot.store.paging import handovers
from tests.stories.asking import ROOM, ask, declared
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

# Stories begin on a Thursday at 15:00 in London. Ada has `primary` until Monday; Ben is the only deputy.
ON_A_SCHEDULE = (
    RUNBOOK.replace("who: [ada]}", "who: [schedule/primary]}").replace("who: [ben]}", "who: [schedule/deputies]}")
    + """
schedules:
  primary: {people: [ada, ben], rotates: weekly, handover: "Mon 09:00", starts: 2026-08-03}
  deputies: {people: [ben], rotates: daily, starts: 2026-08-03}
"""
)
TO_MONDAY = {"days": 3, "hours": 18}


def to_cleo(arguments: Json) -> bool:
    return bool(arguments.get("channel") == "U0CLEO")


def told(world: World) -> list[tuple[str, str]]:
    """(person, start of the text) of every message since the last call, sorted, as two are told concurrently."""
    return sorted((place, said.partition(",")[0].partition(":")[0]) for place, said in world.posts())


def places(world: World) -> list[str]:
    return sorted(place for place, _ in world.posts())


# Covers


async def test_a_cover_holds_from_now_to_its_very_end(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        said = await ask(world, "eve", "/escalate cover primary @cleo until Fri 18:00")
        assert said.startswith("*Cleo Fox covers `primary` until Fri 07 Aug 2026 18:00 BST.*")
        assert "In your time zone: until <!date^1786122000^" in said
        assert told(world) == [
            ("ada", "📟 *Cleo Fox is on call for `primary` now*"),
            ("cleo", "📟 *You are on call for `primary` now*"),
        ]
        oncall = await ask(world, "eve", "/escalate oncall")
        assert (
            "`primary` Cleo Fox until <!date^1786122000^" in oncall
            and "(now for Ada Obi)" in oncall
            and "then Ada Obi" in oncall
        )
        assert "`oncall` On-call Engineer: Cleo Fox" in oncall

        await world.passes(days=1, hours=2, minutes=59, seconds=59)
        await ask(world, "eve", "/incident declare P1 Payments failing")
        assert next(place for place, _ in world.posts()) == "cleo"
        await world.passes(seconds=1)
        assert told(world) == [
            ("ada", "📟 *You are on call for `primary` now*"),
            ("cleo", "📟 *Ada Obi is on call for `primary` now*"),
        ]
        await ask(world, "eve", "/incident declare P1 Search failing")
        assert next(place for place, _ in world.posts()) == "ada"
        world.nothing_else_was_sent()


async def test_tomorrow_means_the_same_day_for_a_covers_start_and_its_end(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        said = await ask(world, "ben", "/escalate cover primary from tomorrow 10:00 until tomorrow 14:00")
        assert "from Fri 07 Aug 2026 10:00 BST until Fri 07 Aug 2026 14:00 BST" in said
        said = await ask(world, "ben", "/escalate cover primary from Mon 09:00 until tomorrow 14:00")
        assert "ends before it begins" in said


async def test_without_a_name_the_caller_covers_and_a_duration_works_as_the_end(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        assert "*Ben Moss covers `primary` until Thu 06 Aug 2026 19:00 BST.*" in await ask(
            world, "ben", "/escalate cover schedule/PRIMARY for 4h"
        )
        assert "*Cleo Fox covers `deputies` until" in await ask(world, "cleo", "/escalate cover deputies me for 4h")
        assert re.search(
            r"`primary` Ben Moss until \S+ .*\(now for Ada Obi\)", await ask(world, "eve", "/escalate oncall")
        )


async def test_making_a_cover_warns_about_ways_by_which_the_person_cannot_be_paged(new_world: NewWorld) -> None:
    runbook = ON_A_SCHEDULE.replace("who: [schedule/primary]}", "who: [schedule/primary], via: [slack, webhook]}")
    async with new_world(runbook=runbook) as world:
        said = await ask(world, "eve", "/escalate cover primary @dev until 18:00")
        assert "⚠ They cannot be paged by webhook: no webhook." in said and "by slack" not in said.lower()
        assert "⚠" not in await ask(world, "eve", "/escalate cover deputies @dev until 18:00")


async def test_a_cover_that_begins_between_two_tiers_counts_for_the_second(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await declared(world)
        said = await ask(world, "eve", "/escalate cover deputies @cleo from 15:10 until 17:00")
        assert "*Cleo Fox covers `deputies` from Thu 06 Aug 2026 15:10 BST until Thu 06 Aug 2026 17:00 BST.*" in said
        oncall = await ask(world, "eve", "/escalate oncall")
        assert "`deputies` later: Cleo Fox covers from <!date^1786025400^" in oncall
        assert "then Cleo Fox for Ben Moss" in oncall
        assert world.posts() == []

        await world.passes(minutes=9, seconds=59)
        assert world.posts() == []
        await world.passes(seconds=1)
        assert places(world) == ["ben", "cleo"]
        await world.passes(minutes=5)
        assert places(world) == [ROOM, "cleo"]
        world.nothing_else_was_sent()


async def test_a_cover_made_in_another_process_is_known_when_the_step_is_taken(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        room = await declared(world)
        idle = App(world.app.settings, world.app.runbook, world.clock)
        async with idle.at_hand() as other:
            await ask(world, "eve", "/escalate cover deputies @cleo until 18:00")
            assert await other.escalations.escalate(Actor("eve"), 1) == "lead"
        await world.settled()
        assert words_of(world.pages_of("cleo")[-1]).startswith("🔔 *P1* Payments failing")
        assert "U0CLEO" in room.members and "U0BEN" not in room.members


async def test_the_newer_of_two_overlapping_covers_counts_and_off_restores_the_rotation(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "eve", "/escalate cover primary @cleo until Mon 9am")
        await ask(world, "eve", "/escalate cover primary @dev until 16:00")
        assert re.search(r"<@U0DEV> until .*\(now for Ada Obi\)", await ask(world, "eve", "/escalate oncall"))
        await world.passes(hours=1)
        assert re.search(r"`primary` Cleo Fox until .*\(now for Ada Obi\)", await ask(world, "eve", "/escalate oncall"))

        said = await ask(world, "eve", "/escalate cover primary off")
        assert said.startswith("*The cover of `primary` has ended:* Ada Obi is on call until")
        assert "Ended: Cleo Fox until" in said and "Dev" not in said
        assert "`primary` Ada Obi until" in await ask(world, "eve", "/escalate oncall")
        assert "Nobody covers primary, so there is nothing to end." in await ask(
            world, "eve", "/escalate cover primary off"
        )
        assert places(world) == ["ada", "ada", "cleo", "cleo", "cleo", "cleo", "dev", "dev"]
        world.nothing_else_was_sent()


async def test_a_cover_says_what_it_replaces_and_off_ends_only_the_current_one(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        assert "replaces" not in await ask(world, "eve", "/escalate cover primary @cleo until Fri 18:00")
        assert "replaces" not in await ask(world, "eve", "/escalate cover primary @ben from Sat 09:00 until Sun 18:00")
        said = await ask(world, "eve", "/escalate cover primary @dev until Sat 12:00")
        assert "what it replaces then counts again" in said
        assert "replaces the cover of Cleo Fox from" in said and "replaces the cover of Ben Moss from" in said

        said = await ask(world, "eve", "/escalate cover primary off")
        assert said.startswith("*Cleo Fox covers `primary` now*")
        assert "Ended: " in said and "Still running: Cleo Fox" in said and "Still planned: Ben Moss from" in said
        assert "`/escalate cover primary off all`" in said
        await ask(world, "eve", "/escalate cover primary off")
        assert "Nobody covers primary now; 1 planned" in await ask(world, "eve", "/escalate cover primary off")
        assert "Ended: Ben Moss" in await ask(world, "eve", "/escalate cover primary off all")
        assert "later:" not in await ask(world, "eve", "/escalate oncall")


async def test_somebody_on_call_who_also_covers_is_still_on_call_when_an_overlapping_cover_ends(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "ada", "/escalate cover primary until 20:00")
        await ask(world, "ada", "/escalate cover primary @cleo until 18:00")
        said = await ask(world, "eve", "/escalate cover primary off")
        assert "Nobody covers" not in said and "Still running: Ada Obi until" in said


async def test_a_cover_by_somebody_no_longer_in_the_runbook_does_not_count(new_world: NewWorld, database: str) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "eve", "/escalate cover primary @cleo until Fri 18:00")
        async with await AsyncConnection.connect(database, autocommit=True) as conn:
            await conn.execute("UPDATE covers SET person = 'gone'")
            await conn.execute("UPDATE handovers SET due_at = %s", [world.clock.now()])
        await world.passes(minutes=1)
        assert "*You are on call for `primary` now*" in words_of(world.pages_of("ada")[-1])
        for asked in ("oncall", "simulate P1"):
            said = await ask(world, "eve", f"/escalate {asked}")
            assert "gone" not in said and "Ada Obi" in said


async def test_only_people_the_runbook_names_may_make_covers_and_all_are_on_record(new_world: NewWorld) -> None:
    runbook = ON_A_SCHEDULE + "permissions: {schedule.cover: [schedule/primary, cleo]}\n"
    async with new_world(runbook=runbook) as world:
        assert "only these people do that (`schedule.cover`): Ada Obi, Cleo Fox" in await ask(
            world, "eve", "/escalate cover primary until 18:00"
        )
        await ask(world, "cleo", "/escalate cover primary @ben until 18:00")
        # A permission of the schedule belongs to whoever covers it, and not to the person covered.
        assert "Ben Moss, Cleo Fox" in await ask(world, "ada", "/escalate cover primary off")
        await ask(world, "ben", "/escalate cover primary off")
        async with world.house.db.transaction() as conn:
            log = await audit.newest(conn)
        assert [(row["actor"], row["subject"]) for row in log] == [("ben", "primary"), ("cleo", "primary")]
        assert log[1]["facts"]["person"] == "ben" and log[1]["facts"]["ends"] == "2026-08-06T17:00:00+00:00"


async def test_an_invalid_cover_is_refused_with_what_to_type_instead(new_world: NewWorld) -> None:
    wrong = {
        "cover": "Type which schedule, who, and until when: `/escalate cover primary @ben until Mon 9am`",
        "cover primary": "Type which schedule, who, and until when",
        "cover primary @ben": "Type which schedule, who, and until when",
        "cover primry until 18:00": "There is no schedule “primry”. Did you mean primary?",
        "cover @ben until 18:00": "There is no schedule “@Ben Moss”. Choose one of primary, deputies",
        "cover primary until Mon 9": "“Mon 9” can be read in two ways",
        "cover primary @nobody until 18:00": "I don't know anybody called “@nobody”",
        "cover primary please until 18:00": "I do not understand “please until 18:00”",
        "cover primary until the cows come home": "I can't read “the cows come home” as a time: say for example",
        "cover primary until yesterday": "That time has passed. Give a future time",
        "cover primary from 2026-08-09 until 2026-08-08": "That ends before it begins",
        "cover primary until 2026-11-04 15:01": "That is more than 90 days from now",
        "cover primary off": "Nobody covers primary",
    }
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        for typed, said in wrong.items():
            assert said in await ask(world, "eve", f"/escalate {typed}"), typed
        assert "*Ben Moss covers `primary`" in await ask(world, "ben", "/escalate cover primary until 2026-11-04 14:00")
        world.posts()
        world.nothing_else_was_sent()


async def test_without_schedules_there_is_nothing_to_cover(world: World) -> None:
    for typed in ("cover primary until 18:00", "handover The queue is slow"):
        assert "The runbook has no schedules" in await ask(world, "eve", f"/escalate {typed}")


# Handovers


async def test_both_people_are_told_of_a_handover_at_its_instant_with_the_open_incidents(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        room = await declared(world)
        await ask(world, "eve", "/escalate ack", room)
        await ask(world, "eve", "/incident private P3 Keys were stolen")
        await ask(world, "ada", "/escalate ack INC-2")
        await world.passes(**TO_MONDAY | {"hours": 17, "minutes": 59, "seconds": 59})
        world.posts()

        await world.passes(seconds=1)
        ada, ben = (words_of(world.pages_of(one)[-1]) for one in ("ada", "ben"))
        assert ben.startswith("📟 *You are on call for `primary` now*, until <!date^1786953600^")
        assert "then Ada Obi." in ben and "Ada Obi had it before." in ben
        assert ada.startswith("📟 *Ben Moss is on call for `primary` now*: you're off call.")
        for words in (ada, ben):
            assert f"• *INC-1* P1 investigating Payments failing <#{room.id}>, acknowledged by <@U0EVE>" in words
            assert "• *INC-2* P3 investigating (private), acknowledged by Ada Obi" in words
            assert "Keys" not in words
        assert places(world) == ["ada", "ben"]
        world.nothing_else_was_sent()


async def test_a_shift_followed_by_the_same_person_is_no_handover(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "eve", "/escalate cover primary @ben until Wed 9am")
        assert places(world) == ["ada", "ben"]
        # Ben's own week begins on Monday; as the only deputy, he succeeds himself every day.
        await world.passes(days=10)
        world.nothing_else_was_sent()


async def test_a_handover_is_reported_once_after_an_outage_and_not_at_all_at_the_first_start(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await world.passes(weeks=3)
        assert places(world) == ["ada", "ben"]
        await world.passes(weeks=2)
        world.nothing_else_was_sent()


async def test_a_handover_while_the_bot_was_down_is_reported_at_the_next_start(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        world.nothing_else_was_sent()
    swapped = ON_A_SCHEDULE.replace("people: [ada, ben]", "people: [ben, ada]")
    async with new_world(runbook=swapped) as world:
        assert [words_of(world.pages_of(one)[0])[:20] for one in ("ada", "ben")] == [
            "📟 *Ben Moss is on ca",
            "📟 *You are on call f",
        ]
    async with new_world(runbook=swapped) as world:
        assert world.pages_of("ada") == []


async def test_two_processes_report_a_handover_once(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        later = world.clock.now() + timedelta(days=30)
        async with world.house.db.transaction() as one, world.house.db.transaction() as other:
            mine = await handovers.claim_due(one, ["primary"], later)
            assert [claimed.person for claimed in mine] == ["ada"]
            assert await handovers.claim_due(other, ["primary"], later) == []


@pytest.mark.parametrize("was_posted", [True, False])
async def test_a_notice_whose_response_was_lost_is_searched_for_before_it_is_retried(
    new_world: NewWorld, was_posted: bool
) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        world.workspace.faults.drop("chat.postMessage", after=was_posted, when=to_cleo)
        await ask(world, "eve", "/escalate cover primary @cleo until 18:00")
        await world.passes(seconds=2)
        assert sorted(place for place, _ in world.posts()) == ["ada", "cleo"]
        world.nothing_else_was_sent()


async def test_a_notice_that_is_no_longer_true_is_not_sent(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        world.workspace.faults.limit("chat.postMessage", retry_after=60, when=to_cleo)
        await ask(world, "eve", "/escalate cover primary @cleo until 18:00")
        await ask(world, "eve", "/escalate cover primary off")
        await world.passes(minutes=2)
        assert places(world) == ["ada", "ada", "cleo"]
        world.nothing_else_was_sent()


@pytest.mark.parametrize(
    ("zone", "at", "handover"),
    [
        ("Europe/Berlin", "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # occurs twice: the first counts
        (
            "Europe/Berlin",
            "02:30",
            datetime(2027, 3, 28, 1, 0, tzinfo=UTC),
        ),  # is skipped: the first instant after it counts
        ("Australia/Lord_Howe", "02:15", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),  # is skipped, by half an hour
    ],
)
async def test_in_the_night_of_a_clock_change_a_handover_happens_once(
    new_world: NewWorld, zone: str, at: str, handover: datetime
) -> None:
    runbook = ON_A_SCHEDULE.replace(
        'rotates: weekly, handover: "Mon 09:00"', f'rotates: daily, handover: "{at}", timezone: {zone}'
    )
    async with new_world(runbook=runbook) as world:
        await world.passes(seconds=(handover - world.clock.now()).total_seconds() - 1)
        world.posts()
        await world.passes(seconds=1)
        assert places(world) == ["ada", "ben"]
        await world.passes(hours=22)
        world.nothing_else_was_sent()


async def test_a_command_full_of_blanks_blocks_nobody(new_world: NewWorld) -> None:
    """A regular expression once took cubic time: one command blocked every process for ever."""
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        assert "until" in await ask(world, "eve", f"/escalate cover primary from{' ' * 2900}x", "#general")
        world.nothing_else_was_sent()


async def test_a_missing_permission_to_cover_is_reported_before_the_arguments_are_parsed(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK + "permissions: {schedule.cover: [ben]}\n") as world:
        words = "/escalate cover nonsense from nowhere until never"
        assert "`schedule.cover`" in await ask(world, "eve", words, "#general")
        world.nothing_else_was_sent()
