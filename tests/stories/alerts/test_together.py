"""Deliveries that queue together are stored in one transaction, and each gets its own answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.domain.errors import Unreachable
from bot.services.alerts.turns import AT_ONCE, MOST_WAITING
from tests.processes import holding
from tests.stories.alerts.monitoring import WITH_ALERTS, Monitoring, watched
from tests.world import World, words_of

DOWN = ReceivedAlert("Down", True, "f1", labels={"alertname": "DatabaseDown"})
OVER = replace(DOWN, firing=False)
# NUL, which PostgreSQL cannot store; sources strip it, so only a direct call gets this far.
POISON = ReceivedAlert("Poison \0", True, "poison")


@pytest.fixture
async def world(new_world: Callable[..., AbstractAsyncContextManager[World]]) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


def things(count: int) -> list[ReceivedAlert]:
    return [ReceivedAlert(f"Thing {number}", True, f"t{number}", severity="low") for number in range(count)]


async def taken(world: World, *deliveries: Sequence[ReceivedAlert]) -> list[int | BaseException]:
    """Each delivery's answer or error; all are queued, in this order, before any is stored."""
    house = world.house.alerts
    answers = await asyncio.gather(*(house.receive("generic", one) for one in deliveries), return_exceptions=True)
    await world.settled()
    return answers


async def found(database: str, sql: str) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(database) as conn:
        return await (await conn.execute(sql.encode())).fetchall()


@asynccontextmanager
async def nobody_has_their_turn(world: World) -> AsyncIterator[None]:
    async with AsyncExitStack() as places:
        for _ in range(AT_ONCE):
            await places.enter_async_context(world.house.alerts.taking())
        yield


async def test_queued_deliveries_are_stored_in_one_transaction_and_each_is_told_its_number_of_alerts(
    world: World, database: str
) -> None:
    several = things(12)
    assert await taken(world, several[:1], several[1:3], several[3:], several[:1]) == [1, 2, 9, 1]
    assert await found(
        database, "SELECT count(*), sum(accepted)::int, count(DISTINCT xmin::text) FROM alert_deliveries"
    ) == [(4, 13, 1)]
    counts = await found(database, "SELECT count(*), sum(count)::int FROM alerts WHERE resolved_at IS NULL")
    assert counts == [(12, 13)]


async def test_each_alert_knows_the_delivery_it_came_in(world: World, database: str) -> None:
    house, several = world.house.alerts, things(3)
    bodies = [one.title.encode() for one in several]
    sent = [house.receive("generic", [one], body=body) for one, body in zip(several, bodies, strict=True)]
    await asyncio.gather(house.receive("generic", several[2:], body=b"with a name", delivery="a"), *sent)
    kept = await found(
        database, "SELECT a.title, d.body FROM alerts a JOIN alert_deliveries d ON d.id = a.delivery_id ORDER BY a.id"
    )
    assert sorted(kept) == [(one.title, body) for one, body in zip(several, bodies, strict=True)]


async def test_a_delivery_that_cannot_be_stored_does_not_fail_the_others(world: World, monitoring: Monitoring) -> None:
    first, second, third = things(3)
    answers = await taken(world, [first], [POISON], [second], [third, POISON])
    assert [answers[0], answers[2]] == [1, 1]
    assert all(isinstance(answers[number], psycopg.DataError) for number in (1, 3))
    assert sorted(words_of(card).split("\n")[0] for card in monitoring.cards) == [
        "🔵 *Low* Thing 0",
        "🔵 *Low* Thing 1",
    ]
    assert await taken(world, [third]) == [1]


async def test_deliveries_about_one_alert_are_applied_in_their_order_of_arrival(
    world: World, monitoring: Monitoring
) -> None:
    assert await taken(world, [DOWN], [OVER], [DOWN], *([one] for one in things(2))) == [1] * 5
    of_it = [card.text.split()[0] for card in monitoring.cards if "Down" in card.text]
    assert of_it == ["✅", "🔴"]
    assert await taken(world, [OVER]) == [1]
    assert [card.text.split()[0] for card in monitoring.cards if "Down" in card.text] == ["✅", "✅"]


async def test_a_storm_of_one_alert_counts_every_delivery(world: World, monitoring: Monitoring, database: str) -> None:
    assert await taken(world, *([DOWN] for _ in range(50))) == [1] * 50
    assert "Seen 50 times" in monitoring.words
    assert len(await world.house.incidents.newest(open_only=False)) == 1
    assert await found(database, "SELECT count(DISTINCT xmin::text) FROM alert_deliveries") == [(1,)]


async def test_two_queued_deliveries_with_one_idempotency_key_count_once(world: World, monitoring: Monitoring) -> None:
    house = world.house.alerts
    sent = [house.receive("generic", [DOWN], delivery=name) for name in ("a", "b", "a")]
    assert await asyncio.gather(*sent) == [1, 1, 1]
    await world.settled()
    assert "Seen 2 times" in monitoring.words


async def test_a_counting_rule_counts_each_alert_of_deliveries_stored_together(
    world: World, monitoring: Monitoring
) -> None:
    logins = [ReceivedAlert("Failed login", True, str(n), labels={"event": "failed_login"}) for n in range(5)]
    assert await taken(world, *([one] for one in logins[:4])) == [1] * 4
    assert monitoring.cards == []
    assert await taken(world, *([one] for one in logins)) == [1] * 5
    assert monitoring.card.text == "🟠 *High* Failed login and 4 more"


async def test_deliveries_blocked_on_a_locked_card_keep_their_order_and_block_no_others(
    world: World, monitoring: Monitoring
) -> None:
    house, (held_too, *others) = world.house.alerts, things(4)
    assert await taken(world, [DOWN], [held_too]) == [1, 1]
    async with holding(world.house.db.conninfo, "SELECT FROM alert_groups FOR UPDATE"):
        held = [asyncio.ensure_future(house.receive("generic", [one])) for one in (DOWN, OVER, DOWN, held_too)]
        assert await house.receive("generic", others[:1]) == 1, "who goes with them"
        held += [asyncio.ensure_future(house.receive("generic", [DOWN])) for _ in range(MOST_WAITING)]
        assert await house.receive("generic", others[1:2]) == 1, "who comes later, too"
        assert not house.is_full
        assert await house.receive("generic", others[2:]) == 1, "and when more want them than can be kept"
        assert [one.done() for one in held[:4]] == [False] * 4
    answers = await asyncio.gather(*held, return_exceptions=True)
    refused = [one for one in answers if one != 1]
    assert len(refused) == 4 and all(isinstance(one, Unreachable) for one in refused)
    await world.settled()
    of_it = [words_of(card) for card in monitoring.cards if "Down" in card.text]
    assert [words.split()[0] for words in of_it] == ["✅", "🔴"]
    assert "Seen 2 times" in of_it[0] and f"Seen {len(held) - 2 - len(refused) - 1} times" in of_it[1]


async def test_a_delivery_cancelled_in_the_queue_leaves_the_others_intact(world: World, monitoring: Monitoring) -> None:
    house, (first, second) = world.house.alerts, things(2)
    async with nobody_has_their_turn(world):
        impatient = asyncio.ensure_future(house.receive("generic", [first]))
        patient = asyncio.ensure_future(house.receive("generic", [second]))
        await asyncio.sleep(0)
        impatient.cancel()
    assert await patient == 1
    await world.settled()
    assert "Thing 1" in monitoring.words


async def test_two_processes_that_store_the_same_alerts_in_different_orders_do_not_deadlock(world: World) -> None:
    several = things(10)
    async with world.joined() as other:
        here, there = world.house.alerts, other.services.alerts
        sent = [
            house.receive("generic", [replace(one, firing=turn < 2)], delivery=f"{turn}-{one.fingerprint}")
            for turn in range(3)
            for mine, his in zip(several, reversed(several), strict=True)
            for house, one in ((here, mine), (there, his))
        ]
        assert await asyncio.gather(*sent) == [1] * len(sent)
