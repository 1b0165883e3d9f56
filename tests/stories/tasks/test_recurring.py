"""Recurring tasks are posted when due, reported to the lead while overdue, and recorded."""

import csv
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.domain.tasks.recurring import Recurring, told_overdue_at
from bot.sandbox.looking import labels
from bot.sandbox.model import Message
from tests.stories.asking import ask, asked, told
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
UPKEEP = (
    RUNBOOK
    + """
maintenance:
  tasks:
    - {do: Read the backup log, every: day, at: "09:00"}
    - {do: Restore a backup, every: month, "on": 8}
"""
)
# The story begins on Thursday, 6 August 2026.
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
async def team(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=UPKEEP) as world:
        yield world


def shown(world: World, words: str) -> list[Message]:
    return [one for one in world.workspace.messages("#incidents") if words in words_of(one)]


async def until(world: World, day: int, hour: int) -> None:
    """Moves the clock to this day and hour of August, London time."""
    await world.settled()
    world.clock.move(datetime(2026, 8, day, hour, tzinfo=LONDON) - world.clock.now())
    await world.settled()


async def test_a_recurring_task_is_posted_once_when_due_and_done_with_its_evidence(team: World) -> None:
    async with team.joined():
        await until(team, 7, 9)
        (due,) = shown(team, "Read the backup log")
        assert labels(due) == ["Done"]
        await team.dev.presses("Done", due)
        await team.settled()
        await team.dev.submits(values={"evidence": "https://example.com/log/7"})
        await team.settled()
    assert "example.com/log/7" in words_of(due) and labels(due) == []
    await until(team, 8, 9)
    (both,) = shown(team, "Restore a backup")
    assert "2 recurring tasks due" in both.text and "Read the backup log" in words_of(both)
    await team.dev.presses("Done", both)
    await team.settled()
    await team.dev.submits(values={"task": "Restore a backup"})
    await team.settled()
    assert "1 recurring task due" in both.text and "✅ Restore a backup" in words_of(both)


async def test_an_overdue_task_is_reported_to_the_lead_daily_and_shown_in_health(team: World) -> None:
    await until(team, 8, 9)
    await until(team, 9, 9)
    await until(team, 10, 9)
    heard = [words_of(one) for one in team.workspace.direct_messages("ben") if "overdue" in words_of(one)]
    assert len(heard) == 2 and all("Restore a backup" in one for one in heard)
    health = await ask(team, "ada", "/health")
    assert "Restore a backup" in health.partition("Overdue tasks")[2]
    missed = [words_of(one) for one in shown(team, "Read the backup log") if "issed" in words_of(one)]
    assert len(missed) == 2


async def test_tasks_due_while_the_bot_was_down_are_recorded_and_only_the_latest_is_posted(team: World) -> None:
    await until(team, 10, 12)
    (due,) = shown(team, "Read the backup log")
    assert "2 recurring tasks due" in due.text and labels(due) == ["Done"]
    answer = await asked(team, "ada", "/health tasks")
    assert "0 of 5 done" in told(answer) and told(answer).count("missed") == 3
    assert "isn't a month" in await ask(team, "ada", "/health tasks August")
    assert "none were due" in await ask(team, "ada", "/health tasks 2026-07")


async def test_a_months_file_is_posted_once_per_request_and_its_cells_cannot_be_formulas(
    team: World,
) -> None:
    await until(team, 7, 9)
    await team.dev.presses("Done", shown(team, "Read the backup log")[0])
    await team.settled()
    await team.dev.submits(values={"evidence": "=HYPERLINK(log)"})
    await team.settled()
    answer = await asked(team, "ada", "/health tasks")
    team.workspace.faults.drop("files.completeUploadExternal", times=1, after=True)
    for _ in range(2):
        await team.ada.presses("As CSV", answer.messages[0])
    await team.passes(seconds=30)
    (file,) = team.workspace.files.values()
    assert file.name == "tasks-2026-08-1-of-1-done.csv"
    (row,) = csv.DictReader((file.content or b"").decode().splitlines())
    assert (row["state"], row["late_s"], row["evidence"]) == ("done", "0", "'=HYPERLINK(log)")


async def test_the_requester_is_told_when_slack_refuses_the_file(team: World) -> None:
    await until(team, 7, 9)
    answer = await asked(team, "ada", "/health tasks")
    team.workspace.faults.refuse("files.completeUploadExternal", "not_in_channel", times=None)
    await team.ada.presses("As CSV", answer.messages[0])
    await team.passes(seconds=30)
    assert any("August 2026 was not posted" in words_of(one) for one in team.workspace.direct_messages("ada"))


async def test_a_due_date_set_by_a_clock_ahead_is_recomputed(team: World) -> None:
    await team.settled()
    async with team.house.db.transaction() as conn:
        await conn.execute(
            "UPDATE recurring_tasks SET next_on = next_on + 90, due_at = due_at + interval '90 days',"
            " set_at = set_at + interval '90 days'"
        )
    await team.house.timekeeping.put_right()
    await until(team, 7, 9)
    assert len(shown(team, "Read the backup log")) == 1


def test_due_times_follow_the_local_calendar_and_clock() -> None:
    def after(task: Recurring, *now: int) -> datetime:
        return task.instant(task.first_after(datetime(*now, tzinfo=UTC), LONDON), LONDON)  # type: ignore[misc, arg-type]

    quarterly = Recurring("x", "quarter", time(9), 0, 3)
    assert after(quarterly, 2026, 8, 6) == datetime(2026, 10, 3, 8, tzinfo=UTC)
    weekly = Recurring("x", "week", time(9), 0, 1)
    assert after(weekly, 2026, 8, 6) == datetime(2026, 8, 10, 8, tzinfo=UTC)
    # The night in which the clocks jump from 01:00 to 02:00, and the one in which that hour occurs twice.
    nightly = Recurring("x", "day", time(1, 30), 0, 1)
    assert after(nightly, 2026, 3, 29) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert after(nightly, 2026, 10, 25) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert nightly.first_after(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), LONDON) == date(2026, 10, 26)


def test_overdue_reports_keep_their_time_of_day_across_a_clock_change() -> None:
    def told(due: datetime, after: datetime) -> datetime:
        return told_overdue_at(due, after, LONDON).astimezone(LONDON)

    monthly = datetime(2026, 3, 1, 9, tzinfo=LONDON)
    yesterday = datetime(2026, 3, 28, 9, tzinfo=LONDON)
    for due in (monthly, yesterday):
        for day in (29, 30):
            before = datetime(2026, 3, day - 1, 9, tzinfo=LONDON)
            assert told(due, before) == datetime(2026, 3, day, 9, tzinfo=LONDON), "all of it in one message"
    assert told(monthly, datetime(2026, 3, 28, 15, tzinfo=LONDON)) == datetime(2026, 3, 29, 9, tzinfo=LONDON)
    at_once = told(monthly, monthly)
    assert at_once == datetime(2026, 3, 2, 9, tzinfo=LONDON), "never before a day is over"
