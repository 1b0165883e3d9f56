"""A database is restored if two people want it, or one says why they can't wait; the previous data is never lost."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotPermitted, Refused
from bot.store import audit
from bot.store.backups import restores
from bot.store.pipelined import Connection
from tests.guarded import PASSWORD, USER, Guarded, guarded_postgres
from tests.mail_server import post_office
from tests.own_server import OwnServer, own_server
from tests.stories.backups.restoring import (
    ALERTS,
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
from tests.world import World, words_of

BOARD = "\naudiences: {board: {email: [board@example.com], automatic: true}}\n"


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


async def test_a_restore_approved_by_a_second_person_brings_the_database_back(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path, "rto: 30m")) as world:
        await harmed(world, guarded, address)
        world.posts()

        said = await answered(world, world.ada, "/backup restore 1")
        assert "*Restore 1 of orders needs approval* by" in said
        plan = shown(world)
        assert "✋ *Restore 1: orders from backup 1* needs somebody else to approve it" in plan
        assert "• *You will lose* everything written since" in plan and "2 h before" in plan
        assert ", 200 rows" in plan
        assert f"• *Replaces* orders on {guarded.host} port 5432, owned by {USER}, " in plan
        assert PASSWORD not in plan
        assert world.eve.labels(card(world)) == ["Approve", "Reject"]
        assert rows(guarded, address) == 4, "nothing has been done yet"

        await pressed(world, world.ben, "Approve")
        assert rows(guarded, address) == 200
        done = shown(world)
        assert "✅ *Restore 1: orders from backup 1* is done in" in done
        assert "1 table with 200 rows, as many as were backed up" in done
        assert "• *Saved* before as backup 2" in done
        assert world.eve.labels(card(world)) == []
        (aside,) = asides(guarded)
        assert f"the previous database is kept as `{aside}`" in done
        assert rows(guarded, guarded.address(aside)) == 4

        taken = [step for _, step in await steps(world)]
        # The safety backup is taken while the backup is being restored.
        assert taken.count("saved") == 1 and taken.index("saving") < taken.index("saved") < taken.index("exchanging")
        assert [step for step in taken if step != "saved"] == [
            "asked", "approved", "reading", "saving", "restoring", "comparing", "asking", "dressing", "exchanging",
            "done",
        ]  # fmt: skip
        assert (await steps(world))[:2] == [("ada", "asked"), ("ben", "approved")]
        posted = [words[:30] for _, words in world.posts()]
        assert len(posted) == 3, "the plan, the safety backup and the end"
        world.nothing_else_was_sent()

        # The safety backup can be restored like any other.
        assert "the safety backup before restore 1" in await answered(world, world.ben, "/backup list")
        await answered(world, world.ben, "/backup restore 2")
        await pressed(world, world.ada, "Approve", 2)
        assert rows(guarded, address) == 4


async def test_a_restore_cannot_be_approved_by_its_requester_nor_twice(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ada, "Approve")
        assert "You asked for this, so somebody else has to approve it." in refusal(world, world.ada)
        await pressed(world, world.cleo, "Approve")
        assert "The runbook lets only these people do that" in refusal(world, world.cleo)
        await pressed(world, world.cleo, "Reject")
        assert (await restored(world)).state == "waiting"
        assert rows(guarded, address) == 4
        with pytest.raises(NotPermitted):
            await world.house.backup_restore_decisions.approve(Actor("ada"), 1)

        await pressed(world, world.ben, "Approve")
        with pytest.raises(AlreadyDone, match="Ben Moss already approved this"):
            await world.house.backup_restore_decisions.approve(Actor("ben"), 1)
        assert len(asides(guarded)) == 1


async def test_a_rejected_restore_does_nothing(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        assert "already waiting for approval" in await answered(world, world.ben, "/backup restore 1")
        await pressed(world, world.ben, "Reject")
        assert "was rejected by Ben Moss" in shown(world)
        with pytest.raises(AlreadyDone, match="Ben Moss already rejected this"):
            await world.house.backup_restore_decisions.approve(Actor("ben"), 1)
        assert rows(guarded, address) == 4
        assert asides(guarded) == []

        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ada, "Reject", 2)
        assert "was rejected by Ada Obi" in shown(world, number=2), "who asks may take it back"


async def test_a_request_for_a_restore_expires_after_ten_minutes(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        plan = card(world)
        await world.passes(minutes=9, seconds=59)
        assert world.eve.labels(card(world)) == ["Approve", "Reject"]
        await world.passes(seconds=1)
        assert "⌛ *Restore 1: orders from backup 1* was not approved in time: nothing was done" in shown(world)
        assert world.eve.labels(card(world)) == []
        assert plan.ts == card(world).ts
        with pytest.raises(Refused, match="Nobody approved this in time"):
            await world.house.backup_restore_decisions.approve(Actor("ben"), 1)
        assert rows(guarded, address) == 4

        await answered(world, world.ada, "/backup restore 1")
        await world.passes(minutes=9, seconds=59)
        await pressed(world, world.ben, "Approve", 2)
        assert rows(guarded, address) == 200


async def test_an_approval_that_waits_for_a_lock_beyond_the_ten_minutes_is_refused(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        async with world.house.db.transaction() as conn:
            await restores.lock(conn, 1)
            ben = world.house.people.actor("U0BEN")
            approval = asyncio.ensure_future(world.house.backup_restore_decisions.approve(ben, 1))
            await until_somebody_waits(conn)
            world.clock.move(timedelta(minutes=10))
        with pytest.raises(Refused, match="Nobody approved this in time"):
            await approval
        assert rows(guarded, address) == 4


async def until_somebody_waits(conn: Connection) -> None:
    """Wait until some transaction waits for a lock."""
    while True:
        if await (await conn.execute("SELECT FROM pg_locks WHERE NOT granted")).fetchall():
            return


async def test_a_restore_from_an_incidents_room_is_recorded_in_its_timeline(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await world.ada.types("/incident declare P1 Orders are gone", "#general")
        await world.settled()
        room = world.room()
        await answered(world, world.ada, "/backup restore 1", room)
        assert world.ben.id in world.workspace.channel(room).members, "who can approve it is brought in"
        await pressed(world, world.ben, "Approve", channel=room)

        assert "is done in" in shown(world, room)
        assert any("*orders is restored* from backup 1" in words for words in world.said_in(room))
        timeline = [entry.text for entry in await world.house.incidents.timeline(1) if "Restore 1" in entry.text]
        assert timeline[0].startswith("Restore 1 of orders from backup 1: asked for, to be approved by somebody else")
        assert f"it would replace orders on {guarded.host} port 5432" in timeline[0]
        assert timeline[1] == "Restore 1 of orders from backup 1: approved"
        assert "what was there is saved as backup 2" in " ".join(timeline)
        assert "done: the restored data is in place, the one before is kept as tocsin_before_1_" in timeline[-1]


async def test_breaking_the_glass_pages_the_next_tier_and_records_the_reason(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await world.ada.types("/incident declare P1 Orders are gone", "#general")
        await world.settled()
        room = world.room()
        assert "Say why nobody else can approve it" in await answered(
            world, world.ada, "/backup restore 1 break-glass", room
        )
        assert world.pages_of("ben") == []

        said = await answered(world, world.ada, "/backup restore 1 break-glass Ben is on a plane <!channel>", room)
        assert "*Restore 1 of orders has begun*: the next tier is paged" in said
        assert rows(guarded, address) == 200
        (page,) = world.pages_of("ben")
        assert "without a second person: Ben is on a plane" in words_of(page)
        assert "*without a second person*: Ben is on a plane @channel" in shown(world, room)
        assert (await steps(world))[0] == ("ada", "broken")
        async with world.house.db.transaction() as conn:
            facts = [row["facts"] for row in await audit.newest(conn) if row["deed"] == "backup.restore"]
        assert {one["reason"] for one in facts} == {"Ben is on a plane @channel"}
        assert world.workspace.audit() == []


async def test_breaking_the_glass_without_an_incident_declares_one_and_pages_somebody_else(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """Ada is on call herself, so paging only her would wake nobody. Her name and reason stay in the room."""
    runbook = keep(address, tmp_path).replace(
        "steps: [{page: oncall, wait: 30m}]", "steps: [{page: oncall}, {page: lead}]"
    )
    runbook = runbook.replace("    name: ", "    tell: [board]\n    name: ") + BOARD
    async with post_office() as office:
        settings = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "bell@example.com"}
        async with new_world(runbook=runbook, **settings) as world:
            await harmed(world, guarded, address)
            await answered(world, world.ada, "/backup restore 1 break-glass nobody answers")
            assert rows(guarded, address) == 200
            incident = await world.house.incidents.find("INC-1")
            assert incident.title == "Restore of orders from backup 1"
            room = world.room()
            assert world.workspace.channel(room).name == "inc-2026-08-06-restore-of-orders-from-backup-1"
            assert "nobody answers" in shown(world, room)
            assert len(world.pages_of("ben")) == 1
            assert "is done in" in shown(world, room)
            (letter,) = office.letters
            assert "Restore of orders from backup 1" in str(letter["Subject"])
            assert not any(words in letter.as_string() for words in ("nobody answers", "Ada", "@ada"))


async def test_the_requester_can_break_the_glass_of_a_restore_nobody_approves(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """As the bot advises. Another person is told to approve it instead."""
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup run orders")
        assert "break-glass" in await answered(world, world.ada, "/backup restore 1")
        assert "break-glass" in await answered(world, world.ada, "/backup restore 1")
        assert "Approve it" in await answered(world, world.ben, "/backup restore 1 break-glass nobody answers")
        assert "reject it first" in await answered(world, world.ada, "/backup restore 2 break-glass nobody answers")
        assert (await restored(world)).state == "waiting"

        await answered(world, world.ada, "/backup restore 1 break-glass nobody answers")
        assert rows(guarded, address) == 200 and len(await steps(world)) > 2
        assert "*without a second person*: nobody answers" in shown(world) and "is done in" in shown(world)
        assert (await steps(world))[1] == ("ada", "broken")
        with pytest.raises(AlreadyDone, match="already started"):
            await world.house.backup_restore_decisions.approve(Actor("ben"), 1)
        assert [step for _, step in await steps(world)].count("done") == 1


@pytest.mark.parametrize("second", ["approves too", "rejects", "breaks the glass"])
async def test_one_of_two_simultaneous_decisions_counts_and_the_other_is_told_which(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path, second: str
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        house = world.house
        deeds: dict[str, Callable[[], Awaitable[object]]] = {
            "approves too": lambda: house.backup_restore_decisions.approve(Actor("ben"), 1),
            "rejects": lambda: house.backup_restore_decisions.reject(Actor("ada"), 1),
            "breaks the glass": lambda: house.backup_restores.break_glass(Actor("ada"), 1, None, "nobody answers"),
        }
        first = house.backup_restore_decisions.approve(Actor("ben"), 1)
        ends = await asyncio.gather(first, deeds[second](), return_exceptions=True)
        assert sum(isinstance(end, AlreadyDone) for end in ends) == 1, ends
        await world.settled()
        taken = [step for _, step in await steps(world)]
        decided = [step for step in taken if step in ("approved", "rejected", "broken")]
        assert len(decided) == 1 and taken.count("done") == (decided != ["rejected"])
        assert rows(guarded, address) == (4 if decided == ["rejected"] else 200)
        assert len(asides(guarded)) == taken.count("done")


async def test_breaking_the_glass_needs_the_permission_to_restore(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        for typed in ("/backup restore 1", "/backup restore 1 break-glass I want it"):
            assert "The runbook lets only these people do that" in await answered(world, world.cleo, typed)
        assert await steps(world) == []
        assert rows(guarded, address) == 4


async def test_a_restore_is_refused_in_the_room_of_a_drill(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await world.ada.types("/incident drill P1 Orders are gone", "#general")
        await world.settled()
        for typed in ("/backup restore 1", "/backup restore 1 break-glass we play"):
            said = await answered(world, world.ada, typed, world.room())
            assert "INC-1 is a drill, and a restore is real: `/backup drill 1` rehearses it" in said
        assert await steps(world) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Say which backup, by its number"),
        ("orders", "“orders” is no number"),
        ("x; drop", "“x;” is no number"),
        ("--orders", "“--orders” is no number"),
        ("7", "There is no backup 7"),
        ("99999999999999999999", "is no number"),
        ("1 now", "I do not know “now”"),
    ],
)
async def test_a_backup_that_does_not_exist_cannot_be_restored(
    new_world: NewWorld, address: str, tmp_path: Path, typed: str, said: str
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        assert said in await answered(world, world.ada, f"/backup restore {typed}")
        assert await steps(world) == []


async def test_only_a_database_in_the_runbook_can_be_restored(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """A backup of a database that was removed from the runbook is still listed, but can't be restored."""
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
        del world.app.runbook.backups["orders"]
        with pytest.raises(Refused, match="There is no backup called “orders”"):
            await world.house.backup_restores.ask(Actor("ada"), 1, None)


async def test_a_damaged_backup_is_not_restored_and_the_database_is_unchanged(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        file = next((tmp_path / "kept").glob("*.dump"))
        file.write_bytes(file.read_bytes()[:-10])
        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ben, "Approve")
        assert "failed: backup 1 is damaged: its file has" in shown(world)
        assert "*orders is unchanged*: nothing in it was touched." in shown(world)
        assert any("*orders was not restored*: backup 1 is damaged" in words for words in world.said_in(ALERTS))
        assert rows(guarded, address) == 4
        assert "Backup 1 of orders is damaged: choose a good one" in await answered(
            world, world.ada, "/backup restore 1"
        )


async def test_a_backup_that_violates_an_invariant_is_not_restored(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    facts = 'invariants: {"SELECT count(*) FROM orders": "> 1000"}'
    async with new_world(runbook=keep(address, tmp_path, facts)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ben, "Approve")
        assert "“SELECT count(*) FROM orders” answers 200, it should be &gt; 1000" in shown(world)
        assert rows(guarded, address) == 4
        assert asides(guarded) == []


async def test_a_restore_whose_safety_backup_fails_is_aborted_unless_the_glass_is_broken(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """It fails because of a table that the account may not read."""
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        guarded.tell("CREATE TABLE hidden (x int)", guarded.address("orders").replace("keeper", "postgres"))
        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ben, "Approve")
        assert "the safety backup before it failed: " in shown(world)
        assert backup_alerts(world) == [], "the restore has said it"
        assert rows(guarded, address) == 4

        await answered(world, world.ada, "/backup restore 1 break-glass the shop is shut")
        assert "• *Not saved* before: " in shown(world, world.room(), 2)
        assert rows(guarded, address) == 200
        assert len(asides(guarded, "tocsin_before%")) == 1, "there is a way back all the same"


async def test_a_database_that_was_dropped_is_restored(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup run orders")
        guarded.tell("DROP DATABASE orders")
        await answered(world, world.ada, "/backup restore 1")
        assert "which is not there now" in shown(world)
        assert "· needs about " in shown(world), "as much as it took when it was backed up"
        await pressed(world, world.ben, "Approve")
        assert "• *Not saved* before: the database is not there" in shown(world)
        assert rows(guarded, address) == 200
        assert asides(guarded) == []


async def test_a_backup_and_a_restore_of_one_database_never_run_together(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        house = world.house
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await house.backups.run(Actor("ada"), "orders")
            with pytest.raises(Refused, match="A backup of orders is running"):
                await house.backup_restore_decisions.approve(Actor("ben"), 1)
        await world.settled()
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await house.backup_restore_decisions.approve(Actor("ben"), 1)
            while (await restored(world)).stage in ("", "reading"):
                assert world.house.backup_restore_rounds.under_way
            with pytest.raises(AlreadyDone, match="orders"):
                await house.backups.run(Actor("ada"), "orders")
            with pytest.raises(AlreadyDone, match="Restore 1 into orders"):
                await house.backup_restores.ask(Actor("ada"), 1, None)
        await world.settled()
        assert rows(guarded, address) == 200


async def test_the_card_says_when_a_restore_waits_only_for_its_safety_backup(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            await world.house.backup_restore_decisions.approve(Actor("ben"), 1)
            while (await restored(world)).stage != "dressing":
                assert world.house.backup_restore_rounds.under_way
            await until(lambda: "is taking a safety backup, before" in shown(world).partition("\n")[0])
            assert "%" not in shown(world).partition("\n")[0]
        await world.settled()
        assert "is done in" in shown(world)


@pytest.mark.parametrize("spelling", ["the same", "another"])
async def test_two_runbook_entries_for_one_database_are_not_restored_at_once(
    new_world: NewWorld, guarded: Guarded, address: str, tmp_path: Path, spelling: str
) -> None:
    """Of two simultaneous requests the second is told why it can't be, even if the server is spelt differently."""
    (tmp_path / "s").symlink_to(guarded.host)
    other = guarded.host if spelling == "the same" else str(tmp_path / "s")
    address_again = address.replace(quote(guarded.host, safe=""), quote(other, safe=""))
    twice = f'  again: {{postgresql: "{address_again}", at: "03:00", to: {tmp_path / "too"}}}\n'
    runbook = keep(address, tmp_path).replace("permissions:", f"{twice}permissions:", 1)
    async with new_world(runbook=runbook) as world:
        for name in ("orders", "again"):
            await answered(world, world.ada, f"/backup run {name}")
        asked = await asyncio.gather(
            *(world.house.backup_restores.ask(Actor(who), number, None) for who, number in (("ada", 1), ("ben", 2))),
            return_exceptions=True,
        )
        [refused] = [one for one in asked if isinstance(one, AlreadyDone)]
        assert "is already waiting for approval" in str(refused)
        who, number = (world.ada, 1) if asked[0] is refused else (world.ben, 2)
        said = await answered(world, who, f"/backup restore {number} break-glass Nobody is awake")
        assert "reject it first" in said


def backup_alerts(world: World) -> list[str]:
    """The alerts with the source `backup`, which a failed backup raises."""
    return [said for said in map(words_of, world.workspace.messages(ALERTS)) if "*backup* orders" in said]


async def test_killing_a_process_during_the_safety_backup_is_reported_once(
    new_world: NewWorld, database: str, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    runbook = keep(address, tmp_path)
    (tmp_path / "runbook.yml").write_text(runbook)
    async with new_world(runbook=runbook) as world:
        await harmed(world, guarded, address, hours=0)
        await answered(world, world.ada, "/backup restore 1")
        with psycopg.connect(address) as holder:
            holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            process = await begun(database, tmp_path)
            while not guarded.ask("SELECT count(*) FROM backups WHERE before_restore IS NOT NULL", database):
                assert process.returncode is None
                await asyncio.sleep(0.005)
            process.kill()
            await process.wait()
        await world.passes(seconds=62)
        assert [run.state for run in await world.house.backups.newest("orders")] == ["lost", "good"]
        told = [
            said
            for said in map(words_of, world.workspace.messages(ALERTS))
            if "*The restore of orders is lost*" in said
        ]
        assert len(told) == 1 and backup_alerts(world) == []
        assert "*orders is unchanged*" in shown(world) and asides(guarded) == []


async def test_killing_a_process_before_the_swap_leaves_the_database_unchanged_and_a_retry_works(
    new_world: NewWorld, database: str, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """Its connection on the server outlives it, and is terminated with the copy that it is using."""
    question = "SELECT count(*) FROM orders, pg_sleep(CASE WHEN current_database() LIKE 'tocsin%' THEN 40 ELSE 0 END)"
    runbook = keep(address, tmp_path, f'invariants: {{"{question}": "> 0"}}')
    (tmp_path / "runbook.yml").write_text(runbook)
    async with new_world(runbook=runbook) as world:
        await harmed(world, guarded, address, hours=0)
        await answered(world, world.ada, "/backup restore 1")
        process = await begun(database, tmp_path)
        while not guarded.ask("SELECT count(*) FROM backup_restores WHERE stage = 'asking'", database):
            assert process.returncode is None
            await asyncio.sleep(0.005)
        process.kill()
        await process.wait()
        await world.passes(seconds=62)
        assert "was lost" in shown(world) and "*orders is unchanged*" in shown(world)
        assert (rows(guarded, address), asides(guarded), backup_alerts(world)) == (4, [], [])
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await answered(world, world.ada, "/backup restore 1")
        await pressed(world, world.ben, "Approve", 2)
        assert (await restored(world, 2)).state == "done" and rows(guarded, address) == 200


@pytest.mark.parametrize("moment", ["restoring", "exchanged"])
async def test_a_restore_whose_process_is_killed_says_which_data_the_database_holds(
    new_world: NewWorld, database: str, guarded: Guarded, address: str, tmp_path: Path, moment: str
) -> None:
    runbook = keep(address, tmp_path)
    (tmp_path / "runbook.yml").write_text(runbook)
    async with new_world(runbook=runbook) as world:
        await harmed(world, guarded, address, hours=0)
        await answered(world, world.ada, "/backup restore 1")
        if moment == "restoring":
            await killed(guarded, database, tmp_path, "tocsin_restore%")
        else:
            await killed_after_the_exchange(guarded, database, tmp_path)

        await world.passes(seconds=62)
        assert (await restored(world)).state == "lost"
        assert asides(guarded, "tocsin_restore%") == []
        said = shown(world)
        assert "was lost: the process running it died" in said
        if moment == "restoring":
            assert "*orders is unchanged*" in said
            assert rows(guarded, address) == 4
        else:
            (aside,) = asides(guarded)
            assert f"*The restored data is in place*, the previous database is kept as `{aside}`" in said
            assert rows(guarded, address) == 200


async def test_an_empty_database_created_meanwhile_is_not_reported_as_restored(
    new_world: NewWorld, database: str, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """The database had been dropped; somebody creates an empty one, and then the process dies."""
    question = "SELECT count(*) FROM orders, pg_sleep(CASE WHEN current_database() LIKE 'tocsin%' THEN 40 ELSE 0 END)"
    runbook = keep(address, tmp_path, f'invariants: {{"{question}": "> 0"}}')
    (tmp_path / "runbook.yml").write_text(runbook)
    async with new_world(runbook=runbook) as world:
        await answered(world, world.ada, "/backup run orders")
        guarded.tell("DROP DATABASE orders")
        await answered(world, world.ada, "/backup restore 1")
        process = await begun(database, tmp_path)
        await until(lambda: bool(guarded.ask("SELECT count(*) FROM backup_restores WHERE stage = 'asking'", database)))
        guarded.tell(f"CREATE DATABASE orders OWNER {USER}")
        process.kill()
        await process.wait()
        await world.passes(seconds=62)
        assert "in place" not in shown(world) and "in place" not in over(world)
        assert (await restored(world)).exchanged_at is None and asides(guarded) == []


async def test_restored_data_is_recognised_after_a_crash_even_if_the_previous_database_was_dropped(
    new_world: NewWorld, database: str, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    """The process dies right after the swap, before it could record it, and then the previous database is dropped."""
    (tmp_path / "runbook.yml").write_text(keep(address, tmp_path))
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address, hours=0)
        await answered(world, world.ada, "/backup restore 1")
        await killed_after_the_exchange(guarded, database, tmp_path)
        (aside,) = asides(guarded)
        guarded.tell(f"DROP DATABASE {aside}")
        await world.passes(seconds=62)
        assert "*The restored data is in place*." in shown(world)
        assert "*orders holds the restored data after all*" in over(world) and rows(guarded, address) == 200


async def test_a_lost_restore_says_nothing_of_its_database_while_the_runbook_leads_to_another_server(
    new_world: NewWorld, database: str, guarded: Guarded, address: str, tmp_path: Path
) -> None:
    runbook = keep(address, tmp_path)
    (tmp_path / "runbook.yml").write_text(runbook)
    async with new_world(runbook=runbook) as world:
        await harmed(world, guarded, address, hours=0)
        await answered(world, world.ada, "/backup restore 1")
        await killed_after_the_exchange(guarded, database, tmp_path)
    async with new_world(runbook=keep(database, tmp_path)) as world:
        await world.passes(minutes=3)
        assert "it is not known yet which data orders holds" in shown(world)
    async with new_world(runbook=runbook) as world:
        await world.passes(minutes=10)
        found = await restored(world)
        assert found.exchanged_at is not None and found.kept


@pytest.mark.parametrize("had_swapped", [False, True])
async def test_a_server_crash_during_the_swap_is_reported_as_uncertain_until_the_server_is_back(
    new_world: NewWorld, tmp_path: Path, had_swapped: bool
) -> None:
    async with own_server() as server:
        with psycopg.connect(server.url, autocommit=True) as conn:
            conn.execute("CREATE DATABASE orders")
        shop = Guarded(server.url)
        address = server.url.replace("/postgres?", "/orders?")
        shop.tell("CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'a')", address)
        async with new_world(runbook=keep(address, tmp_path)) as world:
            await harmed(world, shop, address)
            await answered(world, world.ada, "/backup restore 1")
            await crashed_while_swapping(world, server, shop, had_swapped=had_swapped)
            for said in (over(world), shown(world)):
                assert "*Nothing is lost*" in said and "`tocsin_before" in said and "`tocsin_restore" in said
                assert "not restored" not in said and "unchanged" not in said
            await server.start()
            await world.passes(minutes=2)
            if had_swapped:
                (aside,) = asides(shop, "tocsin_before%")
                assert f"the previous database is kept as `{aside}`" in shown(world)
                assert "*orders holds the restored data after all*" in over(world) and rows(shop, address) == 1
            else:
                assert "*orders is unchanged*" in shown(world) and asides(shop) == []
                assert "*orders is unchanged*" in over(world) and rows(shop, address) == 2


def over(world: World) -> str:
    """The newest post about a restore."""
    return [words_of(one) for one in world.workspace.messages(ALERTS) if "estore" in words_of(one)][-1]


async def crashed_while_swapping(world: World, server: OwnServer, shop: Guarded, *, had_swapped: bool) -> None:
    """Crash the server before the swap, while its rename waits for a lock, or after it, while its commit waits."""
    busy = psycopg.connect(server.url)
    busy.execute("COMMENT ON DATABASE orders IS 'nobody renames it'")
    await world.house.backup_restore_decisions.approve(Actor("ben"), 1)
    while (await restored(world)).stage != "exchanging":
        assert world.house.backup_restore_rounds.under_way
    if had_swapped:
        shop.tell("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        shop.tell("SELECT pg_reload_conf()")
        await until(lambda: bool(shop.ask("SHOW synchronous_standby_names") == "nobody"))
        busy.rollback()
        await until(lambda: bool(shop.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")))
        shop.tell("ALTER SYSTEM RESET synchronous_standby_names")
    await server.crash()
    await world.settled()
    with suppress(psycopg.Error):
        busy.close()


async def until(holds: Callable[[], bool]) -> None:
    while True:
        if holds():
            return
        await asyncio.sleep(0.005)


async def killed(guarded: Guarded, database: str, home: Path, when: str) -> None:
    """Restore in a separate process, and kill it with SIGKILL as soon as a database of this name exists.

    It can't be too quick for that: the swap waits for a lock on the name of the target.
    """
    process = await begun(database, home)
    with psycopg.connect(guarded.entrance) as busy:
        busy.execute("COMMENT ON DATABASE orders IS 'nobody renames it'")
        while not asides(guarded, when):
            assert process.returncode is None
            await asyncio.sleep(0.002)
        process.kill()
        await process.wait()
        busy.rollback()


async def killed_after_the_exchange(guarded: Guarded, database: str, home: Path) -> None:
    """Kill the process after the swap, which it can't record because its row is locked.

    Until that lock is held, the swap waits for another lock, on the name of the target.
    """
    process = await begun(database, home)
    watching = "SELECT count(*) FROM backup_restores WHERE stage = 'exchanging'"
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn, conn.transaction():
        with psycopg.connect(guarded.entrance) as busy:
            busy.execute("COMMENT ON DATABASE orders IS 'nobody renames it'")
            while not guarded.ask(watching, database):
                assert process.returncode is None
                await asyncio.sleep(0.005)
            await conn.execute(b"SELECT FROM backup_restores FOR UPDATE")
            busy.rollback()
        while not asides(guarded, "tocsin_before%"):
            assert process.returncode is None
            await asyncio.sleep(0.002)
        process.kill()
        await process.wait()


async def begun(database: str, home: Path) -> asyncio.subprocess.Process:
    arguments = ["restore", database, str(home), str(home / "runbook.yml"), "1"]
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.stories.backups.one_recovery", *arguments)
