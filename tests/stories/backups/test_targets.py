"""A restore replaces the database its plan shows: another one only if its name is typed, and never Tocsin's own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from bot.cli.backup_checks import backups_tried
from bot.domain.actor import Actor
from bot.domain.errors import NotPermitted, Refused
from bot.services.backups import long_work
from bot.services.upkeep.figures import figures
from bot.store import audit
from tests.guarded import USER, Guarded, guarded_postgres
from tests.stories.backups.restoring import (
    ALERTS,
    PERMITTED,
    NewWorld,
    answered,
    asides,
    card,
    harmed,
    keep,
    pressed,
    refusal,
    restored,
    rows,
    shown,
    steps,
)
from tests.world import RUNBOOK, World, words_of


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        server.tell(f"ALTER ROLE {USER} CREATEDB")
        yield server


@pytest.fixture
def address(guarded: Guarded) -> Iterator[str]:
    yield guarded.database("orders", rows=200)
    for name in asides(guarded):
        guarded.tell(f'DROP DATABASE "{name}" WITH (FORCE)')


async def audited(world: World) -> set[str]:
    """The targets of restores in the audit log."""
    async with world.house.db.transaction() as conn:
        return {row["facts"]["target"] for row in await audit.newest(conn) if row["deed"] == "backup.restore"}


async def test_the_database_setting_overrides_the_one_in_the_address_for_a_restore(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    payments = guarded.database("payments", rows=50)
    async with new_world(runbook=keep(address, tmp_path, "database: payments")) as world:
        await answered(world, world.ada, "/backup run orders")
        guarded.tell("DELETE FROM orders", payments)
        await answered(world, world.ada, "/backup restore 1")
        assert f"• *Replaces* payments on {guarded.host} port 5432, owned by {USER}, " in shown(world)
        assert "orders on" not in shown(world)
        await pressed(world, world.ben, "Approve")
        assert rows(guarded, payments) == 50
        assert rows(guarded, address) == 200, "nobody has touched the one in the address"
        assert await audited(world) == {f"payments on {guarded.host} port 5432"}


async def test_a_backup_of_another_database_replaces_the_target_only_if_its_name_is_typed(
    new_world: NewWorld, database: str, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """The runbook's entry has been pointed elsewhere since the backup."""
    payments = guarded.database("our payments", rows=50)
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
    async with new_world(runbook=keep(payments, tmp_path)) as world:
        said = await answered(world, world.ada, "/backup restore 1 break-glass nobody is there")
        assert f"taken of orders on {guarded.host} port 5432, and it would replace our payments on" in said
        assert "`/backup restore 1 into our payments break-glass nobody is there`" in said
        assert "“orders” is not what would be replaced" in await answered(
            world, world.ada, "/backup restore 1 into orders"
        )
        assert await steps(world) == []

        await answered(world, world.ada, "/backup restore 1")
        first = shown(world).splitlines()[0]
        assert first.startswith(
            f"⚠️ *Restore 1: our payments on {guarded.host} port 5432 would be replaced* with backup 1"
        )
        assert f"of another database: orders on {guarded.host} port 5432" in first
        assert "*To approve, type our payments*" in shown(world)

        await pressed(world, world.ben, "Approve")
        assert (await restored(world)).state == "waiting"
        await world.ben.submits(values={"What is replaced": "orders"})
        await world.settled()
        assert (await restored(world)).state == "waiting"
        with pytest.raises(Refused, match="it would replace our payments"):
            await world.house.backup_restore_decisions.approve(Actor("ben"), 1)

        await pressed(world, world.ben, "Approve")
        await world.ben.submits(values={"What is replaced": "“our payments”"})
        await world.settled()
        assert rows(guarded, payments) == 200
        assert rows(guarded, address) == 200

        guarded.tell("DELETE FROM orders", payments)
        await answered(world, world.ada, "/backup restore 1 into our payments break-glass nobody is there")
        assert rows(guarded, payments) == 200


async def test_an_approved_restore_fails_if_the_runbook_now_leads_to_another_database(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """Another process, or this one after a restart, reads a newer runbook."""
    payments = guarded.database("payments", rows=50)
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
        await answered(world, world.ada, "/backup restore 1")
    async with new_world(runbook=keep(payments, tmp_path)) as world:
        await world.house.backup_restore_decisions.approve(Actor("ben"), 1)
        await world.settled()
        error = (await restored(world)).error
        assert error and error.startswith(f"orders on {guarded.host} port 5432 was approved")
        assert "leads to payments" in error
        assert rows(guarded, payments) == 50
        assert asides(guarded) == []


async def test_a_restore_without_the_necessary_rights_is_refused_before_anybody_is_asked(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    guarded.tell("DROP ROLE IF EXISTS app; CREATE ROLE app")
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
        guarded.tell("ALTER DATABASE orders OWNER TO app")
        for typed in ("/backup restore 1", "/backup restore 1 break-glass it cannot wait"):
            said = await answered(world, world.ada, typed)
            assert f"its account {USER} is no member of app" in said
            assert f"GRANT app TO {USER}" in said
        assert await steps(world) == []
        guarded.tell(f"GRANT app TO {USER}")
        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ben, "Approve")
        assert (await restored(world)).state == "done"
        assert guarded.ask("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'orders'") == "app"
        guarded.tell(f"ALTER DATABASE orders OWNER TO {USER}")


async def test_a_restore_on_an_unreachable_server_is_refused_before_anybody_is_asked(
    new_world: NewWorld, address: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
    away = f"postgresql://keeper:x@127.0.0.1:{unused_tcp_port}/orders"
    async with new_world(runbook=keep(away, tmp_path)) as world:
        assert "orders cannot be restored: " in await answered(world, world.ada, "/backup restore 1")
        assert await steps(world) == []


async def test_tocsins_own_database_can_be_backed_up_but_not_restored_by_a_command(
    new_world: NewWorld, database: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(database, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
        assert (await world.house.backups.newest("orders"))[0].state == "good"
        for typed in ("/backup restore 1", "/backup restore 1 break-glass it must be"):
            said = await answered(world, world.ada, typed)
            assert "is Tocsin's own database" in said
            assert "docs/recovery.md" in said
        assert await steps(world) == []


INVARIANT = 'invariants: {"SELECT count(*) FROM orders": "> 100"}'


async def test_a_safety_backup_can_be_restored_even_if_it_violates_the_invariants(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """Four orders are too few for the runbook, but they are what was there."""
    async with new_world(runbook=keep(address, tmp_path, INVARIANT)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ben, "Approve")
        assert rows(guarded, address) == 200

        await answered(world, world.ben, "/backup restore 2")
        assert world.eve.labels(card(world, number=2)) == ["Approve", "Reject"]
        await pressed(world, world.ada, "Approve", 2)
        assert rows(guarded, address) == 4
        said = shown(world, number=2)
        assert "0 of 1 invariants hold" in said
        assert "“SELECT count(*) FROM orders” answers 4, it should be &gt; 100" in said


async def test_the_approver_can_overrule_the_invariants_with_a_reason(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    guarded.tell("DELETE FROM orders WHERE id > 20", address)
    async with new_world(runbook=keep(address, tmp_path, INVARIANT)) as world:
        await answered(world, world.ada, "/backup run orders")
        guarded.tell("DELETE FROM orders", address)
        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ben, "Approve")
        assert "answers 20, it should be" in str((await restored(world)).error)
        assert rows(guarded, address) == 0

        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ada, "Approve despite invariants", 2)
        assert "You asked for this, so somebody else has to approve it." in refusal(world, world.ada)
        await pressed(world, world.ben, "Approve despite invariants", 2)
        await world.ben.submits(values={"Why it is restored whatever the invariants say": "twenty is all we have"})
        await world.settled()
        assert rows(guarded, address) == 20
        assert "approved by Ben Moss" in shown(world, number=2)
        assert "overriding the invariants: twenty is all we have" in shown(world, number=2)
        async with world.house.db.transaction() as conn:
            log = [row["facts"] for row in await audit.newest(conn) if row["deed"] == "backup.restore"]
        assert "twenty is all we have" in {facts.get("overruled") for facts in log}


async def test_breaking_the_glass_overrules_the_invariants(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    guarded.tell("DELETE FROM orders WHERE id > 20", address)
    async with new_world(runbook=keep(address, tmp_path, INVARIANT)) as world:
        await answered(world, world.ada, "/backup run orders")
        guarded.tell("DELETE FROM orders", address)
        await answered(world, world.ada, "/backup restore 1 break-glass the shop is shut")
        assert rows(guarded, address) == 20


@pytest.mark.parametrize("permitted", [PERMITTED, ""])
async def test_nobody_can_approve_their_own_restore_under_another_name(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path, permitted: str
) -> None:
    """It was asked for before the bot knew whose account it is, or through a process that didn't know."""
    async with new_world(runbook=keep(address, tmp_path, permitted=permitted)) as world:
        await harmed(world, guarded, address)
        ada = world.house.people.actor(world.ada.id)
        unknown = replace(ada, name=world.ada.id)
        assert ada.name == "ada"
        await world.house.backup_restores.ask(unknown, 1, None)
        with pytest.raises(NotPermitted):
            await world.house.backup_restore_decisions.approve(ada, 1)
        await world.house.backup_restore_decisions.reject(ada, 1)

        await world.house.backup_restores.ask(ada, 1, None)
        world.house.people._accounts.pop("ada")
        with pytest.raises(NotPermitted):
            await world.house.backup_restore_decisions.approve(Actor(world.ada.id, world.ada.id), 2)
        assert rows(guarded, address) == 4


async def test_covering_a_shift_does_not_give_the_permission_to_restore(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    shifts = "schedules:\n  primary: {people: [ada, ben], rotates: weekly, starts: 2026-08-03}\n"
    runbook = keep(address, tmp_path).replace("who: [ada]", "who: [schedule/primary]") + shifts
    async with new_world(runbook=runbook) as world:
        await harmed(world, guarded, address)
        await answered(world, world.cleo, "/escalate cover primary until 4h")
        assert world.house.people.shift("primary", world.clock.now()).person == "cleo"
        assert "The runbook lets only these people do that" in await answered(world, world.cleo, "/backup restore 1")
        await answered(world, world.ada, "/backup restore 1")
        assert "*Restore 1: " in shown(world), "whoever was on by the runbook keeps the right"


async def test_a_restore_that_misses_its_rto_is_shown_in_red_and_counted(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """The time counts from the approval until the data is in place and checked, as for a drill."""
    async with new_world(runbook=keep(address, tmp_path, "rto: 1ms")) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ben, "Approve")
        assert "🔴 *Restore 1: orders from backup 1* is done, but its RTO of under 1 s was missed: it took" in shown(
            world
        )
        assert any("orders is restored" in words and "was missed" in words for words in world.said_in(ALERTS))
        assert "🔴 RTO missed by 1 of 1 restores in 90 days" in await answered(world, world.ada, "/backup")
        found = await figures(world.house.db, world.clock, world.house.gateway)
        assert found.recoveries == {("orders", "restore", "missed"): 1}


async def test_a_drill_takes_every_step_of_a_restore_except_the_swap(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """So it finds what otherwise only a restore's safety backup would: a table that can't be read."""
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
        guarded.tell("CREATE TABLE hidden (x int)", guarded.address("orders", user="postgres"))
        await answered(world, world.ada, "/backup drill orders")
        assert any("permission denied for table hidden" in words for words in world.said_in(ALERTS))
        assert len(await world.house.backups.newest("orders")) == 1, "nothing is kept of it"


async def test_a_restore_shows_its_progress_and_an_estimate_from_the_last_one(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The safety backup waits for a locked table, while the backup itself is already restored."""
    monkeypatch.setattr(long_work, "HEARTBEAT_EVERY", timedelta(milliseconds=10))
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup drill orders")
        await answered(world, world.ada, "/backup restore 1")
        assert "• *Takes* " in shown(world)
        assert "like last time" in shown(world)
        assert "more on that server · ends " in shown(world)
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await world.house.backup_restore_decisions.approve(Actor("ben"), 1)
            while ", 100 %" not in shown(world):
                assert (await restored(world)).state == "running"
            size = (await world.house.backups.newest("orders"))[-1].size_shown
            assert f": {size} of {size}, 100 %, " in shown(world)
            assert "left, like last time" in shown(world)
        await world.settled()
        assert (await restored(world)).state == "done"


async def test_restoring_all_databases_of_a_mongodb_at_once_is_refused(
    new_world: NewWorld, database: str, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
    entry = f'backups:\n  orders: {{mongodb: "mongodb://127.0.0.1:1/", at: "02:00", to: {tmp_path / "kept"}}}\n'
    async with new_world(runbook=f"{RUNBOOK}{entry}") as world:
        said = await answered(world, world.ada, "/backup restore 1")
        assert "only one can be restored: add `database`" in said
        assert await steps(world) == []


async def test_the_doctor_names_a_function_that_would_fail_during_a_restore(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    guarded.tell("CREATE FUNCTION low(x text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)'", address)
    guarded.tell("CREATE FUNCTION key(x text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT low($1)'", address)
    guarded.tell("ALTER TABLE orders ADD CHECK (key(note) <> '')", address)
    async with new_world(runbook=keep(address, tmp_path)) as world:
        found = await backups_tried(world.app.settings, world.app.runbook)
        [broken] = [one for one in found if "search_path" in one.what]
        assert "cannot be restored" in broken.what and "ALTER FUNCTION public.key(text) SET search_path" in broken.what
        guarded.tell("ALTER FUNCTION key(text) SET search_path FROM CURRENT", address)
        found = await backups_tried(world.app.settings, world.app.runbook)
        assert not [one for one in found if "cannot be restored" in one.what]
        # PostgreSQL resolves the names in these only when they are called, so nobody can see it earlier.
        told = "CREATE FUNCTION loud(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN low(x); END'"
        guarded.tell(told, address)
        guarded.tell("ALTER TABLE orders ADD CHECK (loud(note) <> '')", address)
        found = await backups_tried(world.app.settings, world.app.runbook)
        assert not [one for one in found if "cannot be restored" in one.what]
        await answered(world, world.ada, "/backup run orders")
        await answered(world, world.ada, "/backup drill orders")
        said = " ".join(words_of(one) for one in world.workspace.messages(ALERTS))
        assert "function low(text) does not exist" in said


async def test_the_doctor_warns_if_the_free_disk_space_for_a_drill_cannot_be_seen(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path, "drill: weekly")) as world:
        unseen = "how much is free cannot be seen"
        found = await backups_tried(world.app.settings, world.app.runbook)
        [said] = [one for one in found if unseen in one.what]
        assert "set drill_on" in said.what and "GRANT pg_read_all_settings" in said.what
        guarded.tell(f"GRANT pg_read_all_settings TO {USER}")
        found = await backups_tried(world.app.settings, world.app.runbook)
        guarded.tell(f"REVOKE pg_read_all_settings FROM {USER}")
        assert not [one for one in found if unseen in one.what]
