"""The progress of a backup, in one message that is edited."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.backups import backups
from tests.guarded import Guarded, guarded_postgres
from tests.stories.backups.backing_up import NewWorld, answered, cards, keep, runs
from tests.world import words_of


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


async def test_the_progress_of_a_backup_is_shown_relative_to_the_last_one(
    new_world: NewWorld, guarded: Guarded, tmp_path: Path
) -> None:
    """The second backup is run by another process; this one knows it only from its heartbeats."""
    async with new_world(runbook=keep(guarded.database("orders"), tmp_path / "kept")) as world:
        await answered(world, "/backup run")
        assert words_of(cards(world)[0]).startswith("✅ *Backup 1 of orders* is good: ")
        assert ", 100 rows of 1 table" in words_of(cards(world)[0])
        (last,) = await runs(world)
        async with world.house.db.transaction() as conn:
            running = await backups.begin(
                conn, name="orders", started_by="ada", now=world.clock.now(), place="/x", machine="there",
                suffix=".dump",
            )  # fmt: skip
        assert running is not None
        world.posts()

        async def shown(size: int) -> str:
            async with world.house.db.transaction() as conn:
                now = world.clock.now()
                await backups.hear(conn, running.id, size=size, tables=12, tables_done=3, now=now)
                await world.house.cards.touch(conn, f"backup:{running.id}")
            await world.settled()
            return words_of(cards(world)[-1]).split("\n")[0]

        half = await shown(last.size // 2)
        assert half.startswith("⏳ *Backup 2 of orders* is running: ")
        percent = last.size // 2 * 100 // last.size
        assert half.endswith(f", 3 of 12 tables done, {percent} % of the last one: under 1 s left")
        assert (await shown(last.size * 2)).endswith(", 3 of 12 tables done")
        assert len(world.posts()) == 1, "one message, edited"
        world.nothing_else_was_sent()
