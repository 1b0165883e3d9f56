"""A severity that can wait is paged in working hours, and its waits and targets count only those."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import pytest

from bot.runbook import RunbookMistakes, read
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

LOW = """
  - id: P4
    name: Low
    paged: working_hours
    respond_within: 2h
    resolve_within: next business day
    escalation: {steps: [{page: oncall, wait: 2h}, {page: lead}]}
"""
OFFICE = """
working_hours: {days: [Mon, Tue, Wed, Thu, Fri], from: "09:00", to: "18:00"}
"""
RUNS = RUNBOOK.rstrip() + LOW + OFFICE
# A world begins on a Thursday at 15:00 in London.


def paged(world: World) -> list[str]:
    return [name for name in ("ada", "ben", "cleo") for _ in world.pages_of(name)]


async def until(world: World, weekday: int, hour: int, minute: int = 0) -> None:
    """Move to the next such time in the runbook's time zone."""
    zone = world.app.runbook.timezone
    now: datetime = world.clock.now().astimezone(zone)
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    at += timedelta(days=(weekday - now.weekday()) % 7)
    await world.passes(seconds=(at - now).total_seconds())


async def test_in_working_hours_it_is_paged_at_once_and_its_wait_goes_on_after_the_weekend(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNS) as world:
        await until(world, 4, 17)
        answer = await world.ada.types("/incident declare P4 Slow reports")
        await world.settled()
        assert "Paging now" in words_of(answer.messages[-1])
        assert paged(world) == ["ada"]
        assert "in working hours" in words_of(world.card())
        await until(world, 0, 9, 59)
        assert paged(world) == ["ada"]
        await until(world, 0, 10)
        assert paged(world) == ["ada", "ben"]


async def test_outside_working_hours_paging_waits_for_the_next_morning_and_the_bot_says_so(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNS) as world:
        await until(world, 4, 20)
        answer = await world.ada.types("/incident declare P4 Slow reports")
        await world.settled()
        assert "Nobody is paged before" in words_of(answer.messages[-1])
        assert "Paging now" not in words_of(answer.messages[-1])
        assert paged(world) == []
        assert "in working hours" in words_of(world.card())
        await until(world, 0, 8, 59)
        assert paged(world) == []
        await until(world, 0, 9)
        assert paged(world) == ["ada"]
        told = "\n".join(world.said_in(world.room()))
        assert "Working hours have begun" in told
        assert "Nobody acknowledged" not in told
        assert "late" not in world.pages_of("ada")[0].text.lower()


async def test_escalating_by_hand_pages_at_any_hour(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNS) as world:
        await until(world, 5, 3)
        await world.ada.types("/incident declare P4 Slow reports")
        await world.settled()
        await world.ada.types("/escalate INC-1")
        await world.settled()
        assert paged(world) == ["ada"]
        await until(world, 0, 10, 59)
        assert paged(world) == ["ada"]
        await until(world, 0, 11)
        assert paged(world) == ["ada", "ben"]


async def test_raising_the_severity_at_night_pages_at_once(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNS) as world:
        await until(world, 5, 3)
        await world.ada.types("/incident declare P4 Slow reports")
        await world.settled()
        await world.ada.types("/incident severity INC-1 P1 everything is down")
        await world.settled()
        assert paged(world) == ["ada"]


async def test_an_incident_reopened_at_night_is_paged_in_the_morning_and_the_room_is_told(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNS) as world:
        await world.ada.types("/incident declare P4 Slow reports")
        await world.settled()
        await world.ada.types("/incident resolve INC-1 fixed")
        await until(world, 5, 3)
        await world.ada.types("/incident reopen INC-1 slow again")
        await world.settled()
        assert "in working hours" in world.said_in(world.room())[-1]
        before = len(world.pages_of("ada"))
        await until(world, 0, 9)
        assert len(world.pages_of("ada")) == before + 1


async def test_a_step_that_fell_due_during_an_outage_waits_for_working_hours(new_world: NewWorld) -> None:
    """Due on Friday at 17:30, seen on Saturday: nobody is woken for it."""
    async with new_world(runbook=RUNS) as world:
        await until(world, 4, 15, 30)
        await world.ada.types("/incident declare P4 Slow reports")
        await world.settled()
        await until(world, 5, 3)
        assert paged(world) == ["ada"]
        await until(world, 0, 9)
        assert paged(world) == ["ada", "ben"]


async def test_targets_count_working_hours(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNS.replace("respond_within: 2h", "respond_within: 3h")) as world:
        await until(world, 4, 17)
        await world.ada.types("/incident declare P4 Slow reports")
        await world.settled()
        await until(world, 0, 10, 59)
        assert "Nobody acknowledged by" not in "\n".join(world.said_in(world.room()))
        await until(world, 0, 11)
        told = "\n".join(world.said_in(world.room()))
        assert "Nobody acknowledged by" in told
        assert "3h of working hours" in told or "3 h of working hours" in told
        await world.ada.types("/escalate INC-1 ack")
        await until(world, 0, 18)
        assert "next business day" in "\n".join(world.said_in(world.room()))


async def test_a_snooze_that_ends_at_night_holds_until_the_morning(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNS) as world:
        await world.ada.types("/incident declare P4 Slow reports")
        await world.settled()
        await world.ada.types("/escalate snooze INC-1 5h")
        await world.settled()
        await until(world, 4, 8, 59)
        assert paged(world) == ["ada"]
        await until(world, 4, 9)
        assert paged(world) == ["ada", "ben"]


async def test_a_simulation_takes_working_hours_into_account(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNS) as world:
        await until(world, 5, 3)
        answer = await world.ada.types("/escalate simulate P4")
        await world.settled()
        assert "09:00" in words_of(answer.messages[-1])


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ("  - {id: P4, name: Low, paged: working_hours}", "severities[3].paged"),
        ("  - {id: P4, name: Low, respond_within: next business day}", "severities[3].respond_within"),
        ("  - {id: P4, name: Low, paged: sometimes}", "severities[3].paged"),
    ],
)
def test_a_runbook_that_refers_to_working_hours_must_define_them(lines: str, path: str) -> None:
    with pytest.raises(RunbookMistakes) as caught:
        read(RUNBOOK.rstrip() + "\n" + lines, {})
    assert [one.path for one in caught.value.mistakes] == [path]


@pytest.mark.parametrize(
    "office",
    [
        'working_hours: {from: "09:00", to: "09:30"}',
        "working_hours: {days: []}",
        "working_hours: {days: [Someday]}",
        "working_hours: {timezone: Nowhere}",
        "working_hours: 9",
    ],
)
def test_invalid_working_hours_are_refused(office: str) -> None:
    with pytest.raises(RunbookMistakes):
        read(RUNBOOK + office, {})


def test_a_target_in_working_hours_is_limited_to_thirty_days() -> None:
    with pytest.raises(RunbookMistakes) as caught:
        read(RUNS.replace("respond_within: 2h", "respond_within: 60d"), {})
    assert "30d" in caught.value.mistakes[0].message
