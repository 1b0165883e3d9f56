"""A clock is wrong, or is changed while everything runs: nobody is paged twice, too early, or not at all."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from psycopg import AsyncConnection

from bot.app import App
from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.services import Services
from bot.services.outbox.kinds import UPDATE, DeliveryKind
from bot.store.outbox.outbox import Delivery
from bot.store.paging import escalations
from tests.processes import Fleet, arrived_at, fleet, until
from tests.world import RUNBOOK, World, living

NewFleet = Callable[..., AbstractAsyncContextManager[Fleet]]

EVE = Actor("eve")
HOUR = timedelta(hours=1)
QUICK = RUNBOOK.replace("page: oncall, wait: 15m", "page: oncall, wait: 2s")


@pytest.fixture
def new_fleet(database: str, tmp_path: Path) -> NewFleet:
    """`async with new_fleet() as fleet`: a fleet that has no process yet."""
    return partial(fleet, database, tmp_path)


class Machine:
    """A machine whose wall clock can be wrong or be changed; its monotonic clock is always right."""

    def __init__(self, wrong_by: timedelta = timedelta(0)) -> None:
        self.wrong_by = wrong_by
        self.clock = Clock(wall=lambda: time.time() + self.wrong_by.total_seconds())


async def set_the_databases_clock(database: str, by: timedelta) -> None:
    """Make the database's clock differ from the real time by this much."""
    async with await AsyncConnection.connect(database) as conn:
        await conn.execute(
            f"""CREATE OR REPLACE FUNCTION the_time() RETURNS timestamptz LANGUAGE sql STABLE AS $$
            SELECT statement_timestamp() + interval '{by.total_seconds()} s' $$""".encode()
        )


async def at_rest(app: App) -> None:
    """Wait until this process has nothing left to do at the present time of its clock."""

    async def nothing_is_due() -> bool:
        dues = [await one.next_due() for one in app.rounds.values()]
        return app.is_idle and not any(due and due <= app.clock.now() for due in dues)

    for _ in range(3):
        await until(nothing_is_due)


class Slow(DeliveryKind[str | None]):
    """A delivery that stays in flight until `go_on` is set."""

    def __init__(self, name: str, carried: list[str]) -> None:
        self.name = name
        self.carried = carried
        self.go_on = asyncio.Event()

    async def send(self, delivery: Delivery) -> str | None:
        await self.go_on.wait()
        self.carried.append(self.name)
        return None


@asynccontextmanager
async def two_carriers(fleet: Fleet, *, other: Clock) -> AsyncIterator[tuple[Services, Services, list[str]]]:
    """Two processes; the first has claimed a delivery, which ends when it is waited for."""
    carried: list[str] = []
    async with fleet.app(Clock()).at_hand() as first, fleet.app(other).at_hand() as second:
        delivery_kinds = [Slow("first", carried), Slow("second", carried)]
        for house, delivery_kind in zip((first, second), delivery_kinds, strict=True):
            house.delivery_kinds["slow"] = delivery_kind
        async with first.db.transaction() as conn:
            await first.outbox.put(conn, "slow", {}, priority=UPDATE)
        assert await first.carrier.take_due() == 1
        for delivery_kind in delivery_kinds:
            delivery_kind.go_on.set()
        yield first, second, carried


async def people_paged(fleet: Fleet) -> list[str]:
    return [page.person for page in await fleet.pages()]


# The machine's clock


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_machine_whose_clock_is_wrong_by_ten_minutes_pages_on_time(new_fleet: NewFleet, minutes: int) -> None:
    async with new_fleet(runbook=QUICK) as fleet:
        app = fleet.app(Machine(timedelta(minutes=minutes)).clock)
        async with app.running():
            await app.until_looked_up()
            declared_at = datetime.now(UTC)
            await fleet.declared()
            await fleet.until(lambda: len(fleet.posted("page:")) == 2)

            second = arrived_at(fleet.posted("page:")[1]) - declared_at
            assert timedelta(seconds=2) <= second < timedelta(minutes=5)
            await fleet.all_is_there_once()
            assert not any(page.late for page in await fleet.pages())


@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_a_machine_whose_clock_is_changed_while_it_runs_takes_no_step_too_early_or_too_late(
    new_fleet: NewFleet, database: str, by: timedelta
) -> None:
    async with new_fleet() as fleet:
        machine = Machine()
        async with fleet.app(machine.clock).at_hand() as house:
            await house.declarations.declare(EVE, "Payments failing", severity="P1")
            before = await next_steps(database)
            machine.wrong_by = by
            await house.timekeeping.look()

            assert await house.ladders.take_due() == 0
            assert await next_steps(database) == before
            assert abs(house.clock.now() - datetime.now(UTC)) < timedelta(minutes=10)


async def test_a_machine_whose_clock_is_an_hour_ahead_does_not_take_over_a_claim_of_another(
    new_fleet: NewFleet,
) -> None:
    async with new_fleet() as fleet:
        machine = Machine()
        async with two_carriers(fleet, other=machine.clock) as (first, other, carried):
            machine.wrong_by = HOUR
            await other.timekeeping.look()
            assert await other.carrier.take_due() == 0
            await first.carrier.finish(10)
            assert carried == ["first"]


# The database's clock


async def test_a_process_that_has_not_noticed_a_change_of_the_databases_clock_claims_nothing(
    new_fleet: NewFleet, database: str
) -> None:
    async with new_fleet() as fleet, fleet.app(Clock()).at_hand() as house:
        incident = await house.declarations.declare(EVE, "Payments failing", severity="P1")
        await make_due(database, incident)
        await set_the_databases_clock(database, -HOUR)

        assert await house.ladders.take_due() == 0
        assert await people_paged(fleet) == ["ada"]


async def make_due(database: str, incident: Incident) -> None:
    async with await AsyncConnection.connect(database) as conn:
        await conn.execute("UPDATE escalations SET next_at = now() WHERE incident_id = %s", [incident.id])


async def test_after_the_databases_clock_is_set_back_each_step_is_taken_after_its_own_wait(
    new_fleet: NewFleet, database: str
) -> None:
    async with new_fleet(runbook=QUICK) as fleet:
        app = fleet.app(Clock())
        async with app.running():
            await app.until_looked_up()
            await fleet.workspace.person("eve").types("/incident declare P1 Payments failing")
            await fleet.until(lambda: fleet.posted("page:"))
            await set_the_databases_clock(database, -HOUR)
            await fleet.until(lambda: len(fleet.posted("page:")) == 2)
            await at_rest(app)

            assert await people_paged(fleet) == ["ada", "ben"]
            assert [page.late for page in await fleet.pages()] == [False, False]
            assert app.clock.now() < datetime.now(UTC) - HOUR / 2
            seen = await clock_seen(app)
            assert seen["database_was_set"]["by_seconds"] == pytest.approx(-3600, abs=2)


async def test_setting_the_databases_clock_forward_an_hour_takes_one_step_and_setting_it_back_repeats_none(
    new_fleet: NewFleet, database: str
) -> None:
    async with new_fleet() as fleet:
        app = fleet.app(Clock())
        async with app.running():
            await app.until_looked_up()
            await fleet.workspace.person("eve").types("/incident declare P1 Payments failing")
            await fleet.until(lambda: fleet.posted("incident:"))

            for hours, paged in ((0, ["ada"]), (1, ["ada", "ben"]), (0, ["ada", "ben"]), (-1, ["ada", "ben"])):
                await set_the_databases_clock(database, hours * HOUR)
                await app.services.timekeeping.look()
                app.doors.scheduler.wake()
                await at_rest(app)
                assert await people_paged(fleet) == paged
            await fleet.house.timekeeping.look()
            await fleet.all_is_there_once()
            assert await how_far_ahead(app, "escalations") <= timedelta(minutes=30)


async def test_a_claim_is_not_taken_over_when_only_a_clock_set_forward_makes_its_lease_look_expired(
    new_fleet: NewFleet, database: str
) -> None:
    async with new_fleet() as fleet, two_carriers(fleet, other=Clock()) as (first, other, carried):
        await set_the_databases_clock(database, HOUR)
        for house in (other, first):
            await house.timekeeping.look()
            assert await house.carrier.take_due() == 0
        await first.carrier.finish(10)
        assert carried == ["first"]


async def test_every_timer_set_by_a_clock_that_was_ahead_is_brought_back_to_its_own_wait(
    world: World, database: str
) -> None:
    await world.eve.types("/incident declare P1 Payments failing")
    await world.settled()
    await world.ada.types("/escalate snooze 20m", world.room())
    await world.eve.types("/incident declare P1 Search is down")
    await world.settled()
    async with world.house.db.transaction() as conn:
        await world.house.outbox.put(conn, "later", {}, priority=UPDATE, due_at=world.clock.now() + HOUR)
    # As if they had been written by a clock that was an hour ahead.
    async with await AsyncConnection.connect(database) as conn:
        await conn.execute(
            """UPDATE escalations SET next_at = next_at + '1 h', last_step_at = last_step_at + '1 h',
            snoozed_until = snoozed_until + '1 h', snoozed_at = snoozed_at + '1 h'"""
        )
    before = world.clock.now()

    await world.house.timekeeping.put_right()

    assert await next_steps(database) == [before + timedelta(minutes=20), before + timedelta(minutes=15)]
    assert await due_last(database, "outbox") <= before + timedelta(minutes=1)
    after = await next_steps(database)
    await world.house.timekeeping.put_right()
    assert await next_steps(database) == after


async def next_steps(database: str) -> list[datetime]:
    async with await AsyncConnection.connect(database) as conn:
        rows = await (await conn.execute("SELECT next_at FROM escalations ORDER BY incident_id")).fetchall()
    return [row[0] for row in rows]


async def due_last(database: str, table: str) -> datetime:
    async with await AsyncConnection.connect(database) as conn:
        row = await (await conn.execute(f"SELECT max(due_at) FROM {table} WHERE done_at IS NULL".encode())).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


async def clock_seen(app: App) -> dict[str, dict[str, float]]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{app.port}") as session, session.get("/readyz") as answer:
        assert answer.status == 200
        return (await answer.json())["clock"]  # type: ignore[no-any-return]


async def how_far_ahead(app: App, name: str) -> timedelta:
    due_at = await app.rounds[name].next_due()
    assert due_at is not None
    return due_at - app.clock.now()


async def test_nudges_reminders_and_archivings_planned_by_a_clock_that_was_ahead_are_brought_back(
    world: World, database: str
) -> None:
    """The nudge for a lead is due in five minutes, the update as promised, the archiving of the room in a day."""
    await world.eve.types("/incident declare P1 Payments failing")
    await world.settled()
    async with await AsyncConnection.connect(database) as conn:
        await conn.execute("UPDATE nudges SET set_at = set_at + '1 h', due_at = due_at + '1 h'")
        await conn.execute(
            "INSERT INTO room_archives SELECT 1, at + interval '1 h', at + interval '25 h' FROM (SELECT %s AS at) a",
            (world.clock.now(),),
        )
        await conn.execute(
            """INSERT INTO update_reminders (incident_id, audience, told_at, promised_at, stage, due_at)
            SELECT 1, 'clients', %(now)s + interval '1 h', a.at, 'due', a.at
            FROM (SELECT %(now)s + interval '90 min' AS at) a
            """,
            {"now": world.clock.now()},
        )
    now = world.clock.now()

    await world.house.timekeeping.put_right()

    async with await AsyncConnection.connect(database) as conn:
        found = await (await conn.execute("SELECT due_at FROM nudges WHERE kind = 'lead'")).fetchall()
        promised = await (await conn.execute("SELECT promised_at, due_at FROM update_reminders")).fetchall()
        archived = await (await conn.execute("SELECT due_at FROM room_archives")).fetchall()
    assert found == [(now + timedelta(minutes=5),)]
    assert promised == [(now + timedelta(minutes=30),) * 2]
    assert archived == [(now + timedelta(days=1),)]


async def test_a_ladder_in_working_hours_planned_by_a_clock_that_was_ahead_is_brought_back(
    database: str, tmp_path: Path
) -> None:
    runbook = RUNBOOK.replace("    name: Low\n", "    name: Low\n    paged: working_hours\n")
    async with living(database, tmp_path, runbook=runbook + "working_hours: {to: '18:00'}\n") as world:
        await world.eve.types("/incident declare P3 Slow reports")
        await world.settled()
        planned = await next_steps(database)
        async with await AsyncConnection.connect(database) as conn:
            await conn.execute("UPDATE escalations SET next_at = next_at + '1 h', planned_at = planned_at + '1 h'")
        await world.house.timekeeping.put_right()
        assert await next_steps(database) == planned
        await world.house.timekeeping.put_right()
        assert await next_steps(database) == planned


async def test_paging_a_tier_again_in_working_hours_is_brought_back_by_its_own_time_of_planning(
    database: str, tmp_path: Path
) -> None:
    runbook = RUNBOOK.replace("    name: Low\n", "    name: Low\n    paged: working_hours\n")
    runbook = runbook.replace("who: [ada]}", "who: [ada], again: 5m}") + "working_hours: {to: '18:00'}\n"
    async with living(database, tmp_path, runbook=runbook) as world:
        await world.eve.types("/incident declare P3 Slow reports")
        await world.passes(minutes=5)
        assert len(world.pages_of("ada")) == 2
        [planned] = await next_steps(database)
        async with await AsyncConnection.connect(database) as conn:
            await conn.execute(
                """UPDATE escalations
                SET next_at = next_at + '1 h', again_at = again_at + '1 h', planned_at = planned_at + '1 h'"""
            )
        await world.house.timekeeping.put_right()
        async with world.house.db.statement() as conn:
            found = await escalations.get(conn, 1)
        assert (found.next_at, found.again_at) == (planned, world.clock.now() + timedelta(minutes=5))
