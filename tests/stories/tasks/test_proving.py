"""The bot ticks recurring tasks itself once their evidence exists."""

import csv
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.backups.drill import DrillFindings
from bot.sandbox.looking import labels
from bot.sandbox.model import Message
from bot.store.backups import drills as backup_drills
from tests.stories.asking import ask, asked, told
from tests.stories.checks.website import a_website
from tests.stories.procedures.test_proving import a_backup
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
LONDON = ZoneInfo("Europe/London")
PROVED = (
    RUNBOOK
    + """
health: {every: 5m, checks: {website: {http: "%s"}}}
backups: {orders: {postgresql: "postgresql://nowhere.example.com/orders", at: "03:00"}}
maintenance:
  tasks:
    - {do: Verify the backup, every: day, proved_by: backup}
    - {do: Look at the health, every: day, at: "10:00", proved_by: health/website}
    - {do: Rehearse, every: week, "on": Fri, at: "11:00", proved_by: rehearsal}
    - {do: Try the pager, every: week, "on": Fri, at: "12:00", proved_by: test_page}
"""
)


async def until(world: World, day: int, hour: int, minute: int = 0) -> None:
    """Moves the clock to this day and hour of August, London time."""
    await world.settled()
    world.clock.move(datetime(2026, 8, day, hour, minute, tzinfo=LONDON) - world.clock.now())
    await world.settled()


def posted(world: World, words: str) -> list[Message]:
    return [one for one in world.workspace.messages("#incidents") if words in words_of(one)]


def line(world: World, words: str) -> str:
    """The task's line in the latest message that lists it."""
    lines = words_of(posted(world, words)[-1]).split("\n")
    return next(one for one in lines if words in one)


async def test_a_task_proved_when_due_is_ticked_once_with_its_evidence_everywhere(new_world: NewWorld) -> None:
    async with a_website() as website, new_world(runbook=PROVED % website.url) as world:
        async with world.joined():
            await until(world, 7, 2)
            await a_backup(world)
            await until(world, 7, 8, 59)
            assert posted(world, "Verify the backup") == [], "nothing is ticked before it is due"
            await until(world, 7, 9)
            (ticked,) = posted(world, "Verify the backup")
            assert "proved by backup 1 of orders (verified Fri 07 Aug 2026 02:00 BST)" in words_of(ticked)
            assert labels(ticked) == []
        assert "proved by backup 1 of orders" in (await ask(world, "ada", "/health")).partition("with proof")[2]
        await world.ada.opens_home()
        await world.settled()
        assert "proved by backup 1 of orders" in str(world.ada.home())
        month = await asked(world, "ada", "/health tasks")
        assert "1 of 1 done" in told(month) and "on time, proved by backup 1" in told(month)
        await world.ada.presses("As CSV", month.messages[0])
        await world.settled()
        (file,) = world.workspace.files.values()
        (row,) = csv.DictReader((file.content or b"").decode().splitlines())
        assert (row["done_by"], row["late_s"]) == ("tocsin", "0") and row["evidence"].startswith("proved by backup 1")

        await until(world, 8, 9)
        assert "▫" in line(world, "Verify the backup"), "yesterday's proves nothing"
        await until(world, 8, 10, 30)
        await a_backup(world)
        await world.passes(minutes=1)
        assert "✅ Verify the backup: proved by backup" in line(world, "Verify the backup")
        assert "1 h 30 min after it was due, proved by backup" in told(await asked(world, "ada", "/health tasks"))


async def test_checks_rehearsals_and_test_pages_prove_only_the_tasks_that_name_them(new_world: NewWorld) -> None:
    async with a_website() as website, new_world(runbook=PROVED % website.url) as world:
        website.breaks()
        await until(world, 7, 10)
        await world.passes(minutes=6)
        assert "▫" in line(world, "Look at the health"), "it was looked at, and is not healthy"
        website.recovers()
        await world.passes(minutes=6)
        await world.passes(minutes=1)
        assert "proved by healthy website (checked" in line(world, "Look at the health")

        await ask(world, "ada", "/incident drill P3 Region is gone")
        await until(world, 7, 11)
        assert labels(posted(world, "Rehearse")[0]) == ["Done"], "it has begun, and is not over"
        await ask(world, "ada", "/incident resolve INC-1 it works")
        await world.passes(minutes=1)
        assert "proved by the rehearsal INC-1" in words_of(posted(world, "Rehearse")[0])

        await world.house.test_pages.begin("ada")
        await until(world, 7, 12)
        assert labels(posted(world, "Try the pager")[0]) == ["Done"], "nobody has said that it came"
        await world.ada.presses("Acknowledge", world.pages_of("ada")[-1])
        await world.passes(minutes=1)
        assert "proved by a test page to Ada Obi" in words_of(posted(world, "Try the pager")[0])


async def test_a_passed_test_restore_proves_the_drill_and_a_failed_one_does_not(
    new_world: NewWorld,
) -> None:
    drills = (
        'backups: {orders: {postgresql: "postgresql://nowhere.example.com/orders", at: "03:00", drill: weekly}}\n'
        'maintenance: {tasks: [{do: Try a restore, every: week, "on": Fri, at: "11:00", proved_by: drill}]}\n'
    )
    async with new_world(runbook=RUNBOOK + drills) as world:
        await until(world, 7, 9)
        await a_backup(world)
        await a_drill(world, passes=False)
        await until(world, 7, 11)
        (due,) = posted(world, "Try a restore")
        assert labels(due) == ["Done"], "it was tried, and failed"
        await world.passes(hours=3)
        await a_drill(world, passes=True)
        await world.passes(minutes=1)
        assert "proved by a drill of orders with backup 1 (passed Fri 07 Aug 2026 14:00 BST)" in line(world, "Try a")
        assert labels(posted(world, "Try a restore")[-1]) == []
        assert "1 of 1 done" in told(await asked(world, "ada", "/health tasks"))


async def a_drill(world: World, *, passes: bool) -> None:
    """A drill of the only backup, started and finished now."""
    now = world.clock.now()
    async with world.house.db.transaction() as conn:
        begun = await backup_drills.begin(conn, name="orders", backup_id=1, started_by="tocsin", now=now)
        assert begun
        if passes:
            found = DrillFindings(tables=1, rows=1, answers=0, counted=True)
            await backup_drills.passed(conn, begun.id, found, took=timedelta(minutes=1), rto=None, now=now)
        else:
            await backup_drills.fail(conn, begun.id, error="The disk is full.", now=now)


async def test_forty_tasks_due_at_once_are_one_message(new_world: NewWorld) -> None:
    tasks = "".join(f"    - {{do: Task {number} {'with many words ' * 12}, every: day}}\n" for number in range(40))
    async with new_world(runbook=f"{RUNBOOK}maintenance:\n  tasks:\n{tasks}") as world:
        await until(world, 7, 9)
        (only,) = posted(world, "with many words")
        assert "40 recurring tasks due" in only.text and labels(only) == ["Done"]
        assert all(f"Task {number} " in words_of(only) for number in range(40))
        assert [str(one) for one in world.workspace.complaints] == []
