"""Backups are proved by restoring them beside their database, by hand and on schedule; a failure is an alert."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pymongo import MongoClient

from bot.domain.actor import Actor
from bot.domain.backups.drill import Drill
from bot.domain.backups.target import Prospect, Target
from bot.domain.errors import Rejected
from bot.dumpers import FreeSpace
from bot.runbook.backups import PostgresqlBackup
from bot.sandbox.model import Message
from bot.services.backups.disk_space import DRILLED, RESTORED, DiskSpace
from bot.store import audit
from bot.store.backups import drills as backup_drills
from tests.guarded import PASSWORD, USER, Guarded, guarded_postgres
from tests.mongodb import mongodb_tools
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
ALERTS = "#infrastructure-alerts"
INVARIANT = 'invariants: {"SELECT count(*) FROM orders": "> 1"}'


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        server.tell(f"ALTER ROLE {USER} CREATEDB")
        yield server


@pytest.fixture
def address(guarded: Guarded) -> str:
    return guarded.database("orders", rows=200)


def keep(address: str, folder: Path, facts: str = "") -> str:
    entry = f'orders: {{postgresql: "{address}", at: "02:00", to: {folder / "kept"}{", " if facts else ""}{facts}}}'
    return f"{RUNBOOK}backups:\n  {entry}\n"


def shown(world: World, what: str) -> str:
    """The text of the newest message in the alerts channel that mentions this."""
    return words_of(message(world, what))


def message(world: World, what: str) -> Message:
    return [one for one in world.workspace.messages(ALERTS) if one.by_bot and what in words_of(one)][-1]


async def answered(world: World, command: str) -> str:
    """The bot's answer when Eve types this."""
    answer = await world.eve.types(command, "#general")
    assert answer.error is None
    await world.settled()
    return words_of([one for one in world.eve.sees("#general") if one.ephemeral_for][-1])


async def drills(world: World) -> list[Drill]:
    """All drills, oldest first."""
    found = []
    async with world.house.db.transaction() as conn:
        for number in range(1, 10):
            try:
                found.append(await backup_drills.get(conn, number))
            except Exception:
                break
    return found


def scratches(guarded: Guarded) -> int:
    return int(guarded.ask("SELECT count(*) FROM pg_database WHERE datname LIKE 'tocsin%'"))


async def test_a_drill_restores_the_newest_backup_beside_its_database_and_leaves_nothing(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path, f"rto: 30m, {INVARIANT}")) as world:
        await answered(world, "/backup run")
        assert "no drill yet" in await answered(world, "/backup")
        world.posts()

        assert "*Drill 1 of orders has begun*" in await answered(world, "/backup drill")
        assert [(place, words[:22]) for place, words in world.posts()] == [(ALERTS, "⏳ *Drill 1 of orders* ")]
        said = shown(world, "Drill 1")
        assert "✅ *Drill 1 of orders* passed: restored and checked in" in said
        assert "the RTO is 30 min" in said
        assert "1 table with 200 rows, as many as were backed up · 1 of 1 invariants hold" in said
        assert PASSWORD not in said
        assert scratches(guarded) == 0
        assert guarded.ask("SELECT count(*) FROM orders", address) == 200

        assert "last drill under 1 s ago restored it in" in await answered(world, "/backup")
        assert "last drill under 1 s ago restored it in" in await answered(world, "/health")
        world.nothing_else_was_sent()


async def test_if_the_newest_backup_is_damaged_the_one_before_it_is_drilled(
    new_world: NewWorld, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, "/backup run")
        await answered(world, "/backup run")
        newest = next((tmp_path / "kept").glob("*-2-*.dump"))
        newest.write_bytes(newest.read_bytes()[:-10])

        await answered(world, "/backup drill orders")
        assert "✅ *Drill 1 of orders* passed" in shown(world, "Drill 1")
        assert [(one.state, one.backup_id) for one in await drills(world)] == [("passed", 1)]
        assert "*Backup 2 of orders* is damaged: " in shown(world, "*Backup 2 of")
        assert "Backup 2 of orders is damaged: choose a good one" in await answered(world, "/backup drill 2")


async def test_a_drill_that_fails_is_a_high_alert_until_one_passes(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    guarded.tell("DELETE FROM orders WHERE id > 1", address)
    async with new_world(runbook=keep(address, tmp_path, INVARIANT)) as world:
        await answered(world, "/backup drill orders")
        assert "failed: there is no valid backup of it" in shown(world, "*Drill 1 of")

        await answered(world, "/backup run")
        await answered(world, "/backup drill orders")
        reason = "“SELECT count(*) FROM orders” answers 1, it should be &gt; 1"
        assert f"🔴 *Drill 2 of orders* failed: {reason}" in shown(world, "*Drill 2 of")
        assert scratches(guarded) == 0
        alert = message(world, "A drill could not restore orders")
        assert "*High*" in words_of(alert)
        assert f"last drill under 1 s ago failed: {reason}" in await answered(world, "/health")

        guarded.tell("INSERT INTO orders VALUES (2, 'another')", address)
        await answered(world, "/backup run")
        await world.eve.presses("Drill again", message(world, "*Drill 2 of"))
        await world.settled()
        assert "✅ *Drill 3 of orders* passed" in shown(world, "Drill 3")
        over = next(one for one in world.workspace.messages(ALERTS) if one.ts == alert.ts)
        assert "*Resolved*" in words_of(over)


async def test_a_drill_fails_without_the_rights_a_restore_needs_and_names_what_would_be_lost(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """Since the backup, another role has become the owner, and an administrator has set what only they may set."""
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, "/backup run")
        guarded.tell("CREATE ROLE application; ALTER DATABASE orders OWNER TO application")
        await answered(world, "/backup drill")
        assert f"GRANT application TO {USER}" in shown(world, "*Drill 1 of")

        guarded.tell(f"GRANT application TO {USER}; ALTER DATABASE orders SET log_statement TO 'all'")
        guarded.tell("ALTER TABLE orders OWNER TO application", address)
        guarded.tell("ALTER DATABASE orders SET role TO application")
        await answered(world, "/backup drill")
        said = shown(world, "*Drill 2 of")
        assert "passed" in said
        assert "*A restore would not bring back*: the setting log_statement (permission denied" in said
        assert scratches(guarded) == 0


async def test_a_drill_that_takes_longer_than_the_rto_raises_an_alert(
    new_world: NewWorld, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path, "rto: 1ms")) as world:
        await answered(world, "/backup run")
        await answered(world, "/backup drill")
        assert "longer than its RTO of" in shown(world, "Drill 1 of orders* took")
        assert "RTO missed by 1 of 1 drills" in await answered(world, "/backup")
        assert "Restoring a backup of orders takes longer than its RTO" in shown(world, "Restoring a backup")


async def test_the_card_of_a_drill_says_dumping_only_while_the_current_data_is_being_dumped(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, "/backup run")
        with psycopg.connect(address) as held:
            held.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await world.house.backup_drills.drill(Actor("ada"), "orders")
            await until(world, lambda one: one.stage == "dressing")
            assert "is dumping the current data" in await card_of(world, 1)
        await until_over(world, 1)

        with psycopg.connect(guarded.entrance) as held:
            # No database can be created while this is locked.
            held.execute("LOCK TABLE pg_database IN SHARE MODE")
            await world.house.backup_drills.drill(Actor("ada"), "orders")
            await until(world, lambda one: one.id == 2 and one.saved_at is not None and one.stage == "restoring")
            said = await card_of(world, 2)
            assert "is restoring it into" in said and "dumping" not in said
        await until_over(world, 2)
        assert [one.state for one in await drills(world)] == ["passed", "passed"]


async def until(world: World, holds: Callable[[Drill], bool]) -> None:
    """Wait until this is true of the newest drill, which is running."""
    while not holds((await drills(world))[-1]):
        assert world.house.backup_drills.under_way


async def card_of(world: World, number: int) -> str:
    """The card of a drill as it would be painted now."""
    async with world.house.db.transaction() as conn:
        drill = await backup_drills.get(conn, number)
    return str(world.house.rendering.say("slack/drill_card", drill=drill, backup=None, kind="postgresql", left=None))


async def test_a_weekly_drill_runs_once_after_the_nightly_backup_with_several_processes(
    new_world: NewWorld, address: str, tmp_path: Path
) -> None:
    """It is Thursday, 15:00 in London; two processes wait for 03:00."""
    async with new_world(runbook=keep(address, tmp_path, "drill: weekly")) as world, world.joined():
        await world.passes(hours=11)
        await world.passes(minutes=59)
        assert await drills(world) == []
        await world.passes(minutes=1)
        await until_over(world, 1)
        assert [(one.state, one.started_by, one.backup_id) for one in await drills(world)] == [("passed", "tocsin", 1)]

        await world.passes(days=6, hours=23)
        assert len(await drills(world)) == 1
        await world.passes(hours=1)
        await until_over(world, 2)
        assert [one.state for one in await drills(world)] == ["passed", "passed"]


async def until_over(world: World, number: int) -> None:
    """Wait until this drill is over, also if another process has begun it."""
    while [one.state for one in await drills(world)][number - 1 :] in ([], ["running"]):
        await world.settled()
    await world.settled()


async def test_a_drill_whose_process_is_killed_is_lost_and_its_database_is_removed(
    new_world: NewWorld, database: str, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """It is killed while it restores, with the scratch database already created."""
    runbook = keep(address, tmp_path)
    (tmp_path / "runbook.yml").write_text(runbook)
    async with new_world(runbook=runbook) as world:
        await answered(world, "/backup run")
        await killed_while_restoring(guarded, database, tmp_path)
        assert scratches(guarded) == 1
        assert [one.state for one in await drills(world)] == ["running"]
        assert "A drill of orders is running" in await answered(world, "/backup drill orders")

        await world.passes(seconds=61)
        assert [one.state for one in await drills(world)] == ["lost"]
        assert scratches(guarded) == 0
        assert "🔴 *Drill 1 of orders* was lost: the process running it died" in shown(world, "*Drill 1 of")
        assert "Drill 1 was lost" in shown(world, "could not restore orders")


async def killed_while_restoring(guarded: Guarded, database: str, home: Path) -> None:
    """Start a drill in a separate process, and kill it with SIGKILL once its scratch database exists."""
    program = [sys.executable, "-m", "tests.stories.backups.one_recovery"]
    arguments = ["drill", database, str(home), str(home / "runbook.yml"), "orders"]
    process = await asyncio.create_subprocess_exec(*program, *arguments)
    while not scratches(guarded):
        assert process.returncode is None
        await asyncio.sleep(0.005)
    process.kill()
    await process.wait()


async def test_only_people_with_the_permission_can_run_a_drill(
    new_world: NewWorld, address: str, tmp_path: Path
) -> None:
    runbook = f"{keep(address, tmp_path)}permissions:\n  backup.drill: [tier/oncall]\n"
    async with new_world(runbook=runbook) as world:
        assert "The runbook lets only these people do that" in await answered(world, "/backup drill orders")
        assert await drills(world) == []


@pytest.mark.parametrize("name", ["--orders", "x; drop", "<!channel>", "../../etc", "99"])
async def test_a_name_that_is_not_in_the_runbook_cannot_be_drilled(
    new_world: NewWorld, address: str, tmp_path: Path, name: str
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        said = await answered(world, f"/backup drill {name}")
        assert "There is no backup" in said
        assert "<!channel>" not in said


async def test_a_drill_without_createdb_fails_and_says_which_statement_grants_it(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    guarded.tell(f"ALTER ROLE {USER} NOCREATEDB")
    try:
        async with new_world(runbook=keep(address, tmp_path)) as world:
            await answered(world, "/backup run")
            await answered(world, "/backup drill")
            assert f"ALTER ROLE {USER} CREATEDB" in shown(world, "Drill 1 of orders* failed")
    finally:
        guarded.tell(f"ALTER ROLE {USER} CREATEDB")


async def test_a_scratch_database_that_cannot_be_dropped_is_reported_and_dropped_when_possible(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    held = "SELECT count(*) FROM orders, pg_sleep(60)"
    async with new_world(runbook=keep(address, tmp_path, f'invariants: {{"{held}": "> 0"}}')) as world:
        await answered(world, "/backup run")
        left = await locked_out_in_a_drill(world, guarded)
        try:
            said = shown(world, "*Drill 1 of")
            assert f"`{left}` may still be on its server* ({guarded.host} port 5432)" in said
            assert "not permitted to log in" in said and "while it was checking the invariants" in said
            assert "is left on its server" not in heard(world), "it may be let in again in a moment"
            await world.passes(minutes=11)
            assert scratches(guarded) == 1
            assert f"{left} on {guarded.host} port 5432 could not be removed: " in shown(
                world, "A copy of orders is left"
            )
        finally:
            guarded.tell(f"ALTER ROLE {USER} LOGIN")
        await world.passes(minutes=4)
        assert scratches(guarded) == 0
        assert "*Resolved* A copy of orders is left on its server" in shown(world, "A copy of orders is left")
        assert "may still be" not in shown(world, "*Drill 1 of")
        assert [deed for deed in await deeds(world) if deed in ("backup.left", "backup.removed")] == [
            "backup.left", "backup.removed",
        ]  # fmt: skip


async def locked_out_in_a_drill(world: World, guarded: Guarded) -> str:
    """Take the account's right to log in while an invariant is asked; return the name of the drill's database."""
    asking = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    await world.house.backup_drills.drill(Actor("ada"), "orders")
    while not guarded.ask(asking):
        assert world.house.backup_drills.under_way
        await asyncio.sleep(0.005)
    guarded.tell(f"ALTER ROLE {USER} NOLOGIN")
    left = guarded.ask("SELECT datname FROM pg_database WHERE datname LIKE 'tocsin%'")
    guarded.tell("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    await world.settled()
    return str(left)


async def deeds(world: World) -> list[str]:
    """The deeds in the audit log, oldest first."""
    async with world.house.db.transaction() as conn:
        return [row["deed"] for row in reversed(await audit.newest(conn))]


def heard(world: World) -> str:
    return "\n".join(words_of(one) for one in world.workspace.messages(ALERTS))


async def test_a_copy_left_on_a_server_no_longer_in_the_runbook_is_reported_with_its_server(
    new_world: NewWorld, database: str, guarded: Guarded, spare: Guarded, address: str, tmp_path: Path
) -> None:
    drilled_on_spare = keep(address, tmp_path, f'drill_on: "{spare.address("postgres")}"')
    (tmp_path / "runbook.yml").write_text(drilled_on_spare)
    async with new_world(runbook=drilled_on_spare) as world:
        await answered(world, "/backup run")
        await killed_while_restoring(spare, database, tmp_path)
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await world.passes(minutes=3)
        assert scratches(spare) == 1
        said = shown(world, "*Drill 1 of")
        assert f"may still be on its server* ({spare.host} port 5432)" in said
        assert f"the runbook's entry leads to orders on {guarded.host} port 5432 now" in said
        await world.passes(minutes=11)
        assert f"on {spare.host} port 5432 could not be removed" in shown(world, "A copy of orders is left")
    async with new_world(runbook=drilled_on_spare) as world:
        await world.passes(minutes=20)
        assert scratches(spare) == 0 and "may still be" not in shown(world, "*Drill 1 of")


async def test_a_mongodb_is_drilled_like_a_postgresql(
    new_world: NewWorld, mongodb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{mongodb_tools()}:/usr/bin:/bin")
    invariants = """invariants: {'{"count": "orders"}': "> 10"}"""
    entry = f'orders: {{mongodb: "{mongodb}shop", to: {tmp_path / "kept"}, {invariants}}}'
    with MongoClient[dict[str, Any]](mongodb) as client:
        client.drop_database("shop")
        client["shop"].orders.insert_many([{"_id": number} for number in range(30)])
        async with new_world(runbook=f"{RUNBOOK}backups:\n  {entry}\n") as world:
            await answered(world, "/backup run")
            await answered(world, "/backup drill")
            said = shown(world, "*Drill 1 of")
            assert "✅ *Drill 1 of orders* passed" in said
            assert "1 collection with 30 documents, as many as were backed up · 1 of 1 invariants hold" in said
            assert [name for name in client.list_database_names() if name.startswith("tocsin_")] == []


@pytest.fixture
def spare() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        server.tell(f"ALTER ROLE {USER} CREATEDB")
        yield server


async def test_a_drill_on_another_server_creates_nothing_on_the_databases_own(
    new_world: NewWorld, guarded: Guarded, spare: Guarded, tmp_path: Path
) -> None:
    """There, the account isn't allowed to create a database."""
    facts = f'drill_on: "{spare.address("postgres")}", {INVARIANT}'
    guarded.tell(f"ALTER ROLE {USER} NOCREATEDB")
    try:
        async with new_world(runbook=keep(guarded.database(rows=5), tmp_path, facts)) as world:
            await answered(world, "/backup run")
            await answered(world, "/backup drill")
            assert "passed: restored and checked" in shown(world, "Drill 1")
            assert [scratches(server) for server in (guarded, spare)] == [0, 0]
            assert PASSWORD not in shown(world, "Drill 1")
    finally:
        guarded.tell(f"ALTER ROLE {USER} CREATEDB")


async def test_a_drill_that_would_fill_the_disk_of_its_server_is_refused() -> None:
    """A test can't have a disk that is nearly full, so this one only claims to be."""
    cramped = Cramped(free=GIB)
    with pytest.raises(
        Rejected, match=r"takes about 2\.0 GiB, and of the 10\.0 GiB .* only 1\.0 GiB are free.*drill_on"
    ):
        await DiskSpace(look_every_s=0.01).watched(ENTRY, cramped, cramped.fill, DRILLED)
    assert cramped.filled == 0


async def test_the_space_for_the_servers_log_counts_on_whichever_disk_it_is() -> None:
    """It grows by as much as is written, but no further than between two checkpoints."""
    for disks, said in (
        ([FreeSpace(10 * GIB, 4 * GIB, log=2 * GIB)], r"takes about 2\.0 GiB and up to 2\.0 GiB of log, and of the 10"),
        ([FreeSpace(10 * GIB, 4 * GIB, log=GIB)], ""),
        (
            [FreeSpace(90 * GIB, 80 * GIB), FreeSpace(9 * GIB, GIB, holds=False, log=GIB)],
            r"up to 1\.0 GiB of log, and of",
        ),
        ([FreeSpace(90 * GIB, 80 * GIB), FreeSpace(9 * GIB, 3 * GIB, holds=False, log=GIB)], ""),
    ):
        server = Cramped(free=0)
        server.others = disks
        looking = DiskSpace(look_every_s=0.01).must_fit(ENTRY, server, DRILLED)
        if said:
            with pytest.raises(Rejected, match=said):
                await looking
        else:
            assert await looking


async def test_a_drill_is_stopped_when_the_disk_of_its_server_runs_full() -> None:
    cramped = Cramped(free=9 * GIB, takes=3 * GIB, steps=20)
    with pytest.raises(Rejected, match=r"only 0 B are free.*drill_on"):
        await DiskSpace(look_every_s=0.01).watched(ENTRY, cramped, cramped.fill, DRILLED)
    assert cramped.was_ended


async def test_a_restore_may_leave_less_disk_free_than_a_drill_but_not_fill_it() -> None:
    """What it needs is the size that was backed up, since the target may have lost most of its data."""
    for needs in (2 * GIB, 10 * GIB):
        roomy = Cramped(free=int(2.5 * GIB), takes=GIB)
        beginning = DiskSpace(look_every_s=0.01).watched(ENTRY, roomy, roomy.fill, RESTORED, needs)
        if needs == 2 * GIB:
            await beginning
        else:
            with pytest.raises(Rejected, match=r"takes about 10\.0 GiB.*tocsin_before_"):
                await beginning
        assert roomy.filled == (2 if needs == 2 * GIB else 0)
    cramped = Cramped(free=3 * GIB, takes=3 * GIB, steps=20)
    with pytest.raises(Rejected, match=r"only 0 B are free.*tocsin_before_"):
        await DiskSpace(look_every_s=0.01).watched(ENTRY, cramped, cramped.fill, RESTORED, GIB)
    assert cramped.was_ended


async def test_a_drill_with_enough_disk_space_finishes() -> None:
    roomy = Cramped(free=9 * GIB, takes=GIB)
    await DiskSpace(look_every_s=0.01).watched(ENTRY, roomy, roomy.fill, DRILLED)
    assert roomy.filled == 2


GIB = 1024**3
ENTRY = PostgresqlBackup.model_validate({"key": "orders", "postgresql": "postgresql://db.example.com/orders"})


class Cramped:
    """A server with a disk of 10 GiB, for a database that needs two. A restore takes one step per look at the disk."""

    def __init__(self, *, free: int, takes: int = GIB, steps: int = 2) -> None:
        self.free = free
        self.takes = takes
        self.steps = steps
        self.filled = 0
        self.was_ended = False
        self.others: list[FreeSpace] = []
        self._looked_at = asyncio.Event()

    async def fill(self, *given: Any) -> None:
        try:
            for _ in range(self.steps):
                await self._looked_at.wait()
                self._looked_at.clear()
                self.free -= self.takes
                self.filled += 1
        except asyncio.CancelledError:
            self.was_ended = True
            raise

    async def disks(self, backup: Any) -> list[FreeSpace]:
        self._looked_at.set()
        return self.others or [FreeSpace(10 * GIB, self.free)]

    async def prospect(self, backup: Any) -> Prospect:
        return Prospect(Target("db.example.com", 5432, "orders"), stands=True, needs=2 * GIB)
