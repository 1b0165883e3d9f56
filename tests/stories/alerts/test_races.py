"""Races: the same alert in two processes, and two people at one card, as two open transactions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import psycopg
import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.domain.errors import AlreadyDone
from bot.store.alerts import alerts, disputes
from bot.store.pipelined import Connection
from tests.stories.alerts.monitoring import WITH_ALERTS, Monitoring, watched
from tests.world import World

DOWN = ReceivedAlert("Down", True, "f1", labels={"alertname": "DatabaseDown"})
OVER = ReceivedAlert("Down", False, "f1", labels={"alertname": "DatabaseDown"})


@pytest.fixture
async def world(new_world: Callable[..., AbstractAsyncContextManager[World]]) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


@asynccontextmanager
async def while_uncommitted(
    world: World, first: Callable[[Connection], Awaitable[object]], second: Awaitable[object]
) -> AsyncIterator[asyncio.Future[object]]:
    """`first` has run but not committed while `second` runs; inside the block, `second` is blocked on it."""
    async with world.house.db.transaction() as conn:
        await first(conn)
        later = asyncio.ensure_future(second)
        await until_it_waits(world, later)
    yield later


async def until_it_waits(world: World, later: asyncio.Future[object]) -> None:
    """Returns once `later` waits for a lock; fails when it completes without waiting."""
    await until_it_waits_or_is_done(world, later)
    if later.done():
        raise AssertionError("it did not wait")


async def until_it_waits_or_is_done(world: World, later: asyncio.Future[Any]) -> None:
    async with await psycopg.AsyncConnection.connect(world.house.db.conninfo, autocommit=True) as conn:
        while not later.done():
            row = await (await conn.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")).fetchone()
            if row and row[0]:
                return


async def test_one_alert_delivered_twice_at_the_same_instant_is_one_card(world: World, monitoring: Monitoring) -> None:
    house = world.house.alerts
    async with while_uncommitted(
        world, lambda conn: house.receive_within(conn, "generic", [DOWN]), house.receive("generic", [DOWN])
    ) as second:
        assert await second == 1
    await world.settled()

    assert "Seen 2 times" in monitoring.words
    assert len(await world.house.incidents.newest(open_only=False)) == 1
    assert len(world.pages_of("ada")) == 1


async def test_a_firing_concurrent_with_the_former_resolve_starts_a_new_episode(
    world: World, monitoring: Monitoring
) -> None:
    house = world.house.alerts
    await house.receive("generic", [DOWN])
    async with while_uncommitted(
        world, lambda conn: house.receive_within(conn, "generic", [OVER]), house.receive("generic", [DOWN])
    ) as second:
        await second
    await world.settled()

    assert [card.text.split()[0] for card in monitoring.cards] == ["✅", "🔴"]


async def test_two_groups_delivered_in_opposite_orders_do_not_deadlock(world: World) -> None:
    house = world.house.alerts
    one, two = ReceivedAlert("One", True, "1"), ReceivedAlert("Two", True, "2")
    async with while_uncommitted(
        world, lambda conn: house.receive_within(conn, "generic", [two, one]), house.receive("generic", [one, two])
    ) as second:
        assert await second == 2


async def test_when_two_people_declare_at_the_same_instant_one_incident_is_declared(
    world: World, monitoring: Monitoring
) -> None:
    await world.house.alerts.receive("generic", [ReceivedAlert("Odd", True, "f2")])
    buttons, ada = world.house.alert_declarations, world.house.people.actor("U0ADA")
    async with while_uncommitted(world, lambda conn: alerts.lock(conn, 1), buttons.declare(ada, 1)) as first:
        second = asyncio.ensure_future(buttons.declare(world.house.people.actor("U0BEN"), 1))
        done = await asyncio.gather(first, second, return_exceptions=True)

    assert sorted(type(one).__name__ for one in done) == ["AlreadyDone", "Incident"]
    [refused] = [one for one in done if isinstance(one, AlreadyDone)]
    assert str(refused) == "This alert belongs to INC-1 already."


async def test_alerts_counted_in_two_processes_reach_the_rules_threshold_together(
    world: World, monitoring: Monitoring
) -> None:
    house = world.house.alerts
    logins = [ReceivedAlert("Failed login", True, str(n), labels={"event": "failed_login"}) for n in range(5)]
    for login in logins[:3]:
        await house.receive("generic", [login])
    async with while_uncommitted(
        world,
        lambda conn: house.receive_within(conn, "generic", [logins[3]]),
        house.receive("alertmanager", [logins[4]]),
    ) as second:
        await second
    await world.settled()

    assert monitoring.card.text == "🟠 *High* Failed login"


async def test_deciding_a_dispute_locks_no_dispute_a_delivery_needs_while_waiting_for_groups(
    world: World, monitoring: Monitoring
) -> None:
    """A delivery locks groups, then disputes: taking these locks in the opposite order would deadlock."""
    house, db, source = world.house.alerts, world.house.db, "alertmanager"
    down, other = (
        ReceivedAlert("Down", True, name, labels={"alertname": "Down"}, group="pair", told_by="first")
        for name in ("one", "two")
    )
    await house.receive(source, [down, other])
    async with db.transaction() as conn:
        await house.receive_within(conn, source, [other])
        async with db.transaction() as apart:
            await disputes.open_each(apart, source, [down], world.clock.now())
        deciding = asyncio.ensure_future(house.take_due())
        await until_it_waits(world, deciding)
        async with db.transaction() as third:
            held_by_nobody = "SELECT fingerprint FROM alert_disputes FOR UPDATE SKIP LOCKED"
            assert await (await third.execute(held_by_nobody)).fetchall() == [{"fingerprint": "one"}]
        await house.receive_within(conn, source, [down])
    await deciding
    async with db.transaction() as conn:
        assert await disputes.next_due(conn) is None


async def test_a_delivery_and_a_deed_that_change_the_same_two_cards_do_not_deadlock(
    world: World, monitoring: Monitoring
) -> None:
    """One changes the cards in numeric order, the other in one statement, `alert:10` before `alert:9`."""
    house, ada = world.house, world.house.people.actor("U0ADA")
    told = [ReceivedAlert(f"Odd {n}", True, str(n)) for n in range(1, 11)]
    for one in told:
        await house.alerts.receive("generic", [one])
    incident = await house.alert_declarations.declare(ada, 9)
    await house.alert_declarations.attach(ada, 10, incident.ref)
    await world.settled()
    async with house.db.transaction() as conn:
        await house.alerts.receive_within(conn, "generic", [told[8]])
        # As the next slice of a large delivery does; it takes everything pending along.
        await alerts.lock_all(conn, [10])
        deed = asyncio.ensure_future(house.incidents.resolve(ada, incident.id))
        await until_it_waits_or_is_done(world, deed)
        await house.alerts.receive_within(conn, "generic", [told[9]])
    await deed
