"""Several processes share one database: together they do what one would do, and do it once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone
from bot.domain.incidents.incident import Incident
from bot.sandbox.model import Message
from bot.services import Services
from bot.services.paging.due_steps import DueStep
from bot.services.paging.policies import policy_of
from bot.store.incidents import incidents
from bot.store.migrations import shipped
from bot.store.paging import escalations
from tests.conftest import as_url
from tests.postgres import SharedPostgres
from tests.processes import Fleet, arrived_at, fleet, holding, key_of, until
from tests.world import RUNBOOK

NewFleet = Callable[..., AbstractAsyncContextManager[Fleet]]

MANY = 200
MANY_TIMES = 25
ADA, BEN, EVE = Actor("ada"), Actor("ben"), Actor("U0EVE")
QUICK = RUNBOOK.replace("page: oncall, wait: 15m", "page: oncall, wait: 2s")


@pytest.fixture
def new_fleet(database: str, tmp_path: Path) -> NewFleet:
    """`async with new_fleet() as fleet`: a fleet that has no process yet."""
    return partial(fleet, database, tmp_path)


# Many at once


async def open_incidents(fleet: Fleet, number: int, *, due_at: datetime) -> None:
    """Open this many incidents, each with its room and with its only step due at this instant."""
    policy = policy_of(fleet.house.runbook, fleet.house.runbook.severity("P1"))
    policy = replace(policy, steps=policy.steps[:1])
    for count in range(1, number + 1):
        room = fleet.workspace.conversations.create(f"inc-{count}", kind="public", creator=fleet.workspace.bot.id)
        async with fleet.house.db.transaction() as conn:
            incident = await incidents.insert(
                conn, title=f"Report {count}", severity="P1", drill=False, private=False, declared_by="eve",
                now=due_at, origin={}, request=None,
            )  # fmt: skip
            await incidents.set_room(conn, incident.id, room.id, room.name, due_at)
            await escalations.arm(conn, incident.id, policy, due_at)


async def test_two_hundred_incidents_due_at_one_instant_are_two_hundred_pages(new_fleet: NewFleet) -> None:
    async with new_fleet() as fleet:
        await fleet.start(3)
        due_at = fleet.house.clock.now() + timedelta(seconds=4)
        await open_incidents(fleet, MANY, due_at=due_at)

        await fleet.until(lambda: len(fleet.posted("page:")) >= MANY)
        await fleet.every_page_is_one_message()

        assert min(arrived_at(one) for one in fleet.posted("page:")) >= due_at
        assert len({key_of(one) for one in fleet.posted("page:")}) == MANY
        assert len({page.incident_id for page in await fleet.pages()}) == MANY


async def test_killing_one_of_three_processes_during_a_burst_of_pages_loses_none(new_fleet: NewFleet) -> None:
    async with new_fleet() as fleet:
        doomed, *_ = await fleet.start(3)
        fleet.workspace.faults.slow_down(100)
        await open_incidents(fleet, MANY, due_at=fleet.house.clock.now() + timedelta(seconds=4))

        await fleet.until(lambda: len(fleet.posted("page:")) >= MANY // 4)
        await doomed.dies()

        await fleet.until(lambda: len(fleet.posted("page:")) >= MANY)
        await fleet.every_page_is_one_message(interrupted=True)
        assert len({page.incident_id for page in await fleet.pages()}) == MANY


# Starting


async def test_five_processes_starting_at_once_on_an_empty_database_create_its_schema_once(
    postgres: SharedPostgres, tmp_path: Path
) -> None:
    conninfo = await postgres.new_database()
    async with fleet(as_url(conninfo), tmp_path, launched=5) as five:
        await five.until_connected()
        done = [one.said().count(f"migrated={len(shipped())}") for one in five.replicas]
        assert sum(done) <= 1, "one of them, or this process"

        await five.declared()
        await five.until(lambda: five.posted("incident:"))
        await five.all_is_there_once()
        card = the_card(five)
        await asyncio.gather(*(five.workspace.person(name).presses("Escalate", card) for name in ("eve", "ada")))
        await five.until(lambda: five.workspace.direct_messages("ben"))
        await five.all_is_there_once()
        assert [page.person for page in await five.pages()] == ["ada", "ben"]
    await postgres.drop_database(conninfo)


def the_card(fleet: Fleet) -> Message:
    (posted,) = fleet.posted("incident:")
    message = fleet.workspace.channel(str(posted.channel)).message(str(posted.ts))
    assert message is not None
    return message


# Two at the same instant


@asynccontextmanager
async def two_houses(fleet: Fleet) -> AsyncIterator[tuple[Services, Services]]:
    """The services of two processes with clocks frozen at one instant; they do only what the test calls."""
    clocks = Clock(), Clock()
    async with fleet.app(clocks[0]).at_hand() as first, fleet.app(clocks[1]).at_hand() as second:
        stand_still(clocks, datetime.now(UTC))
        yield first, second


def stand_still(clocks: tuple[Clock, Clock], at: datetime) -> None:
    for clock in clocks:
        clock.freeze(at)


async def overdue(first: Services, second: Services) -> Incident:
    """An incident whose second step is due right now."""
    incident = await first.declarations.declare(EVE, "Payments failing", severity="P1")
    stand_still((first.clock, second.clock), first.clock.now() + timedelta(minutes=15))
    return incident


async def somebody_waits(house: Services) -> bool:
    async with house.db.transaction() as conn:
        row = await (await conn.execute("SELECT FROM pg_locks WHERE NOT granted LIMIT 1")).fetchone()
    return row is not None


async def test_an_acknowledgement_recorded_just_as_a_step_falls_due_stops_the_step(new_fleet: NewFleet) -> None:
    async with new_fleet() as fleet, two_houses(fleet) as (first, second):
        incident = await overdue(first, second)

        async with first.db.transaction() as conn:
            assert await first.acknowledgements.answer(conn, await incidents.lock(conn, incident.id), ADA)
            assert await second.ladders.take_due() == 0, "it is in somebody's hands"
        assert await second.ladders.take_due() == 0, "and then no longer due"

        assert [(page.person, page.state) for page in await fleet.pages()] == [("ada", "cancelled")]


async def test_a_step_taken_just_before_an_acknowledgement_that_waits_for_its_lock_is_cancelled_by_it(
    new_fleet: NewFleet,
) -> None:
    async with new_fleet() as fleet, two_houses(fleet) as (first, second):
        incident = await overdue(first, second)

        async with first.db.transaction() as conn:
            ladder = await escalations.lock(conn, incident.id)
            assert await first.steps.take(conn, DueStep(incident, ladder, first.clock.now())) == "lead"
            acknowledging = asyncio.create_task(second.acknowledgements.acknowledge(ADA, incident.id))
            await until(lambda: somebody_waits(fleet.house))
        await acknowledging
        while await second.carrier.take_due():
            await second.carrier.finish(10)

        assert [(page.person, page.state) for page in await fleet.pages()] == [
            ("ada", "cancelled"),
            ("ben", "cancelled"),
        ]
        assert fleet.posted("page:") == []


async def test_an_acknowledgement_and_a_step_racing_at_the_deadline_page_nobody_whichever_wins(
    new_fleet: NewFleet,
) -> None:
    async with new_fleet() as fleet, two_houses(fleet) as (first, second):
        for number in range(MANY_TIMES):
            incident = await overdue(first, second)
            # Two transactions at once: the database decides which of them locks the ladder first.
            race = [first.acknowledgements.acknowledge(ADA, incident.id), second.ladders.take_due()]
            await asyncio.gather(*(race if number % 2 else reversed(race)))
            while await second.ladders.take_due():
                pass
        while await second.carrier.take_due():
            await second.carrier.finish(10)

        states = {(page.person, page.state) for page in await fleet.pages()}
        assert states <= {("ada", "cancelled"), ("ben", "cancelled")}
        assert fleet.posted("page:") == []


async def test_two_people_escalating_at_once_through_two_processes_page_one_tier(
    new_fleet: NewFleet, database: str
) -> None:
    async with new_fleet() as fleet, two_houses(fleet) as (first, second):
        incident = await first.declarations.declare(EVE, "Payments failing", severity="P1")

        async with holding(database, "SELECT FROM escalations FOR UPDATE"):
            presses = [
                asyncio.create_task(house.escalations.escalate(who, incident.id, seen="1.0.1"))
                for house, who in ((first, ADA), (second, BEN))
            ]
            await until(lambda: somebody_waits(fleet.house))
        ends = await asyncio.gather(*presses, return_exceptions=True)

        assert [type(end) for end in ends if not isinstance(end, str)] == [AlreadyDone]
        assert [end for end in ends if isinstance(end, str)] == ["lead"]
        assert [page.person for page in await fleet.pages()] == ["ada", "ben"]
