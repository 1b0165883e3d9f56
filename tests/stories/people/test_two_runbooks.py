"""During a runbook rollout two processes have different ones: each uses its own; decisions are made once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, NotPermitted
from bot.domain.updates.cadence import promise
from bot.services.outbox.kinds import UPDATE
from bot.services.procedures.runs import Place
from bot.store.updates import reminders, updates
from bot.store.updates.updates import NewUpdate
from tests.guarded import USER, Guarded, guarded_postgres
from tests.mail_server import PostOffice, post_office
from tests.stories.asking import ask
from tests.stories.backups.restoring import answered, harmed, keep, restored
from tests.stories.procedures.test_proving import APPROVED
from tests.stories.updates.test_stakeholder_updates import (
    AUDIENCES,
    card,
    declared,
    does,
    letters,
    updating,
    updating_world,
    writes,
)  # fmt: skip
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        server.tell(f"ALTER ROLE {USER} CREATEDB")
        yield server


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


def without_ben(runbook: str) -> str:
    """The runbook after Ben left; Cleo is the lead."""
    left = "".join(line for line in runbook.splitlines(keepends=True) if not line.startswith("  ben:"))
    return left.replace("who: [ben]", "who: [cleo]")


def known_to(process: App, slack_id: str) -> Actor:
    return process.services.people.actor(slack_id)


async def test_a_restore_does_not_start_in_a_process_whose_runbook_lacks_its_database(
    new_world: NewWorld, guarded: Guarded, tmp_path: Path
) -> None:
    address = guarded.database("orders", rows=200)
    async with new_world(runbook=keep(address, tmp_path)) as world:
        await harmed(world, guarded, address)
        await answered(world, world.ada, "/backup restore 1")
        newer = without_ben(RUNBOOK) + "permissions:\n  backup.restore: [ada, cleo]\n"
        async with world.joined(runbook=newer) as other:
            decisions, cleo = other.services.backup_restore_decisions, known_to(other, "U0CLEO")
            with pytest.raises(NotPermitted, match="Ada Obi, Cleo Fox"):
                await decisions.approve(known_to(other, "U0BEN"), 1)
            for deed in (decisions.to_be_typed, decisions.approve):
                with pytest.raises(NotFound, match="the runbook no longer has it"):
                    await deed(cleo, 1)
            assert (await restored(world)).state == "waiting"
            await decisions.reject(cleo, 1)
            with pytest.raises(AlreadyDone, match="Cleo Fox already rejected this"):
                await world.house.backup_restore_decisions.approve(known_to(world.app, "U0BEN"), 1)


async def test_an_update_approved_under_two_runbooks_is_sent_once_and_to_no_removed_audience(
    new_world: NewWorld, office: PostOffice
) -> None:
    gone = updating(RUNBOOK, "stakeholders", AUDIENCES.replace("  clients:", "  customers:"))
    newer = without_ben(updating(RUNBOOK)).replace("[ada, ben]", "[ada]").replace("[ben, ada]", "[cleo, ada]")
    async with updating_world(new_world, office) as world:
        await declared(world)
        await writes(world, "ada", "clients", subject="Sorry", text="We are on it.")
        letters(office)
        async with world.joined(runbook=gone) as other:
            with pytest.raises(NotFound, match="no longer has that audience"):
                await other.services.approvals.approve(known_to(other, "U0BEN"), 2)
        async with world.joined(runbook=newer) as other:
            with pytest.raises(NotPermitted, match="Cleo Fox"):
                await other.services.approvals.approve(known_to(other, "U0BEN"), 2)
            both = await asyncio.gather(
                other.services.approvals.approve(known_to(other, "U0CLEO"), 2),
                world.house.approvals.approve(known_to(world.app, "U0BEN"), 2),
                return_exceptions=True,
            )
            await world.settled()
        assert [type(one) for one in both if one] == [AlreadyDone]
        assert letters(office) == [("one@example.com", "Sorry"), ("two@example.com", "Sorry")]
        assert "approved by" in words_of(card(world, "clients"))


async def test_a_step_is_approved_once_by_a_tier_member_of_either_runbook(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK + APPROVED) as world:
        await declared(world, "declare P3 Region is down")
        await does(world, "ada", "/incident runbook failover")
        async with world.joined(runbook=without_ben(RUNBOOK) + APPROVED) as other:
            ours, theirs, place = world.house.procedure_runs, other.services.procedure_runs, Place(1, 0, 0)
            with pytest.raises(NotPermitted, match="Only Cleo Fox"):
                await theirs.tick(known_to(other, "U0BEN"), 1, place, "approved")
            both = await asyncio.gather(
                theirs.tick(known_to(other, "U0CLEO"), 1, place, "approved"),
                ours.tick(known_to(world.app, "U0BEN"), 1, place, "approved"),
                return_exceptions=True,
            )
            assert [type(one) for one in both if isinstance(one, Exception)] == [AlreadyDone]
            (run,) = (await world.house.records.of(1)).procedures
            assert len(run.ticks) == 1


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_process_that_lacks_an_audience_leaves_its_update_to_others_for_a_while(
    new_world: NewWorld, office: PostOffice, is_known: bool
) -> None:
    """The audience is being added: the process that claims the update still has the old runbook."""
    before = updating(RUNBOOK, "stakeholders", AUDIENCES.replace("  clients:", "  customers:"))
    async with updating_world(new_world, office, before) as world:
        await declared(world)
        letters(office)
        async with world.house.db.transaction() as conn:
            new = NewUpdate(1, "clients", "update", "identified", "P1", "tocsin")
            update = await updates.insert(conn, new, "composing", world.clock.now())
            await world.house.outbox.put(conn, "update", {"update": update.id}, priority=UPDATE, way="house")
            tomorrow = world.clock.now() + timedelta(days=1)
            promised = promise(1, "clients", world.clock.now(), tomorrow)
            await reminders.save(conn, replace(promised, due_at=world.clock.now()), world.clock.now())
        await world.passes(minutes=2)
        assert not [one for one in world.workspace.messages(world.room()) if "*clients*" in one.text]
        if not is_known:
            await minutes_pass(world, 12)
            assert "the runbook no longer has that audience" in card(world, "clients").text
            return
        async with world.joined(runbook=updating(RUNBOOK)) as other:
            # Either may claim it each time; here, the process with the new runbook gets its turn.
            world.house.duty.suspend("busy")
            await minutes_pass(world, 3)
            world.house.duty.resume("busy")
            async with world.house.db.transaction() as conn:
                asked = await updates.get(conn, update.id)
                assert asked.state == "waiting" and asked.subject
                assert "clients" in [one.audience for one in await reminders.of_incident(conn, 1)]
            await other.services.approvals.approve(known_to(other, "U0BEN"), update.id)
            await world.settled()
        assert {reader for reader, _ in letters(office)} == {"one@example.com", "two@example.com"}


async def minutes_pass(world: World, count: int) -> None:
    for _ in range(count):
        await world.passes(minutes=1)


async def test_a_refusal_names_people_only_the_other_runbook_has_and_people_neither_has(new_world: NewWorld) -> None:
    async with new_world() as world:
        await declared(world)
        await ask(world, "ben", "/escalate ack INC-1")
        async with world.joined(runbook=without_ben(RUNBOOK)) as other:
            with pytest.raises(AlreadyDone) as refused:
                await other.services.acknowledgements.acknowledge(known_to(other, "U0CLEO"), 1)
        assert str(refused.value) == "INC-1 is already acknowledged by Ben Moss."
        await ask(world, "eve", "/incident declare P2 Search is slow")
        await ask(world, "dev", "/escalate ack INC-2")
        # As in a process he has never talked to.
        world.house.people._names.clear()
        assert "INC-2 is already acknowledged by Dev Rao." in await ask(world, "ada", "/escalate ack INC-2")

        newcomer = RUNBOOK.replace("people:\n", "people:\n  zoe: {name: Zoe Hart, slack: U0ZOE}\n", 1)
        async with world.joined(runbook=newcomer):
            house = world.house
            await world.workspace.until(lambda: house.people.mention("zoe") == "<@U0ZOE>")
            assert house.people.known_name("zoe") == "Zoe Hart" and house.people.person("zoe") is None
