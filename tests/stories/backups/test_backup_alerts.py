"""Nobody has to check the backups: whatever goes wrong with them raises one alert, which resolves when it is over."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest

from bot.app import App
from bot.domain.backups.backup import size_shown
from tests.guarded import Guarded, guarded_postgres
from tests.processes import until
from tests.stories.backups.backing_up import (
    NewWorld,
    answered,
    cards,
    dump_files,
    dumps,
    keep,
    only_dump,
    runs,
    until_over,
)
from tests.world import World, words_of


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


async def test_a_missed_objective_is_an_alert_that_a_good_backup_resolves(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    """It is 15:00 in London, eleven hours before the nightly backup; two processes are running."""
    async with new_world(runbook=keep(guarded.database(), folder, facts=", rpo: 4h")) as world:
        async with world.joined():
            await answered(world, "/backup run")
            world.posts()
            await world.passes(hours=3, minutes=59, seconds=59)
            assert world.posts() == []

            await world.passes(seconds=1)
            late = "🟠 *High* No backup of orders within its objective of 4 h"
            assert world.posts() == [("#infrastructure-alerts", late)]
            assert "The last good backup is 1, 4 h old: if the database were lost now" in words_of(cards(world)[-1])

        await world.passes(hours=1)
        await answered(world, "/backup run")
        assert [headline.split(":")[0] for _, headline in world.posts()] == ["⏳ *Backup 2 of orders* is running"]
        assert words_of(cards(world)[1]).startswith("✅ *Resolved* No backup of orders within its objective")
        world.nothing_else_was_sent()


async def test_the_objective_of_a_database_never_backed_up_counts_from_when_it_was_configured(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder, facts=", rpo: 4h")) as world:
        await world.passes(hours=3, minutes=59)
        assert world.posts() == []
        await world.passes(minutes=1)
        assert [headline for _, headline in world.posts()] == [
            "🟠 *High* No backup of orders within its objective of 4 h"
        ]
        assert "There has been no good backup since Thu 06 Aug 2026 15:00 BST:" in words_of(cards(world)[0])
        world.nothing_else_was_sent()


async def test_a_running_backup_delays_the_alert_about_the_objective_by_an_hour(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    address = guarded.database("orders")
    async with new_world(runbook=keep(address, folder, facts=", rpo: 4h")) as world:
        eve = world.house.people.actor("U0EVE")
        await answered(world, "/backup run")
        world.posts()
        world.clock.move(timedelta(hours=4) - timedelta(seconds=1))
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await world.house.backups.run(eve, "orders")
            for minutes, opened in ((59, False), (1, False), (1, True)):
                world.clock.move(timedelta(minutes=minutes))
                await until(partial(objectives_were_looked_at, world))
                standing = await world.house.alerts.standing(1)
                assert (standing is not None) == opened, minutes
        await world.settled()
        assert words_of(cards(world)[-1]).startswith("✅ *Resolved* No backup of orders")


async def objectives_were_looked_at(world: World) -> bool:
    """Have the objectives been checked, by the bot's round or by this call?

    Whichever is second finds nothing due, perhaps before the first is done.
    """
    await world.house.backup_alerts.take_due()
    due_at = await world.house.backup_alerts.next_due()
    return due_at is None or due_at > world.clock.now()


async def test_a_running_backup_does_not_resolve_an_open_alert(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    """Another process starts meanwhile and checks every objective."""
    address = guarded.database("orders")
    async with new_world(runbook=keep(address, folder, facts=", rpo: 4h")) as world:
        await world.passes(hours=4)
        assert words_of(cards(world)[0]).startswith("🟠 *High* No backup of orders within its objective")
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await world.house.backups.run(world.house.people.actor("U0EVE"), "orders")
            second = App(world.app.settings, world.app.runbook, world.clock)
            async with second.at_hand() as services:
                await services.backup_alerts.take_due()
        await world.settled()
        assert words_of(cards(world)[0]).startswith("✅ *Resolved* No backup of orders within its objective")


async def test_a_damaged_backup_no_longer_meets_the_objective_and_the_newest_valid_one_is_named(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    async with new_world(runbook=keep(guarded.database(), folder, facts=", rpo: 4h")) as world:
        await answered(world, "/backup run")
        first = only_dump(folder)
        await world.passes(hours=3)
        await answered(world, "/backup run")
        await world.passes(hours=3)
        world.posts()

        (second,) = dump_files(folder) - {first}
        content = second.read_bytes()
        second.write_bytes(content[: len(content) // 2])
        said = await answered(world, "/backup verify")
        assert "*Backup 2 of orders is damaged*" in said
        assert "The newest valid one is *backup 1*" in said
        assert sorted(headline for _, headline in world.posts()) == [
            "🟠 *High* Backup of orders is damaged",
            "🟠 *High* No backup of orders within its objective of 4 h",
        ]
        assert first.name in dumps(folder)

        second.write_bytes(content)
        assert "*Backup 2 of orders is valid*" in await answered(world, "/backup verify 2")
        assert [words_of(one).split("*")[1] for one in cards(world)[-2:]] == ["Resolved", "Resolved"]
        world.nothing_else_was_sent()


async def test_a_weekly_report_says_which_backups_were_deleted_and_how_many_are_left(
    new_world: NewWorld, guarded: Guarded, folder: Path
) -> None:
    """Monday 09:00 in London is 3 days and 18 hours away; two processes wait for it."""
    async with new_world(runbook=keep(guarded.database(), folder, facts=", keep: 36h, rpo: 60d")) as world:
        async with world.joined():
            for _ in range(4):
                await world.passes(hours=22, minutes=29, seconds=59)
                await until_over(world)
            assert world.posts() == []
            before = await runs(world)
            await world.passes(seconds=4)
            gone = [run for run in before if run.state == "deleted"]
            assert [headline for _, headline in world.posts()] == [
                f"🗑 *Backups this week*: {len(gone)} deleted, {size_shown(sum(run.size for run in gone))} freed"
            ]
            assert gone
            assert f"*orders* {len(gone)} deleted" in words_of(cards(world)[-1])
            assert f"{len(before) - len(gone)} good ones left" in words_of(cards(world)[-1])

            await world.passes(days=7)
            await until_over(world)
            assert len([headline for _, headline in world.posts() if "this week" in headline]) == 1
        world.nothing_else_was_sent()


async def test_without_backups_in_the_runbook_nothing_is_reported(new_world: NewWorld) -> None:
    async with new_world() as world:
        await world.passes(days=8)
        world.nothing_else_was_sent()
