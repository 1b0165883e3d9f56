"""`/health errors`: which errors applications reported, how often and since when, the worst first."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, watched
from tests.stories.asking import ask
from tests.world import World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


def report(kind: str = "TypeError", message: str = "no order 1", **more: Any) -> dict[str, Any]:
    return {"application": "shop", "type": kind, "message": message, **more}


async def listed(world: World, span: str = "") -> list[str]:
    """The answer's lines that are not blank."""
    return [line for line in (await ask(world, "eve", f"/health errors {span}".strip())).splitlines() if line]


async def test_reports_are_grouped_and_counted_with_the_worst_first(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("errors", report())
    await monitoring.tells("errors", [report(message="no order 2"), report("KeyError", "no key"), report()])
    await monitoring.tells("errors", report("IOError", "disk full", severity="critical", environment="production"))
    headline, *lines = await listed(world)
    assert headline.startswith("*5 application errors* since")
    assert "3 different" in headline
    assert [line.split(". First")[0] for line in lines] == [
        "🔴 *1×* IOError: disk full · shop, production",
        "🟡 *3×* TypeError: no order 1 · shop",
        "🟡 *1×* KeyError: no key · shop",
    ]


async def test_only_reports_of_the_period_are_counted_but_first_seen_may_be_earlier(
    world: World, monitoring: Monitoring
) -> None:
    first = world.clock.now()
    await monitoring.tells("errors", [report()] * 3)
    await world.passes(minutes=90)
    assert await listed(world) == [(await listed(world))[0]]
    assert (await listed(world))[0].startswith("*No application has reported an error* since")
    await monitoring.tells("errors", [report()] * 2)
    headline, line = await listed(world, "1h")
    assert "*2 application errors*" in headline and headline.endswith("all the same")
    assert "*2×*" in line
    assert f"First seen <!date^{int(first.timestamp())}^" in line
    assert f"last <!date^{int(world.clock.now().timestamp())}^" in line
    assert "*5×*" in (await listed(world, "2 hours"))[1]
    assert "*5×*" in (await listed(world, "last 2h"))[1]


async def test_an_error_that_recurs_after_its_card_was_closed_is_still_one_error(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.tells("errors", report())
    for label in ("Acknowledge", "Close"):
        await world.ada.presses(label, monitoring.card)
        await world.settled()
    await monitoring.tells("errors", report())
    assert ["*2×*" in line for line in (await listed(world))[1:]] == [True]


async def test_a_repeated_idempotency_key_counts_once_and_deliveries_without_one_count_each_time(
    world: World, monitoring: Monitoring
) -> None:
    body = json.dumps([report()] * 2).encode()
    for key in ("one", "one", "two"):
        await monitoring.sends("errors", body, Idempotency_Key=key)
    assert "*4×*" in (await listed(world))[1]
    for _ in range(2):
        await monitoring.sends("errors", body)
    assert "*8×*" in (await listed(world))[1]


async def test_a_delivery_larger_than_one_statement_is_counted_whole(world: World, monitoring: Monitoring) -> None:
    kinds = [report(f"{letter}{other}Error") for letter in "ABCDEFGHIJKLMNOP" for other in "abcdefghijklmnop"]
    await monitoring.tells("errors", [*kinds, report("AaError")])
    headline, *lines = await listed(world)
    assert "257 application errors" in headline
    assert "256 different" in headline
    assert "*2×* AaError" in lines[0]
    assert lines[-1] == f"and {256 - len(lines[:-1])} more"


async def test_the_list_says_so_when_no_error_was_ever_reported(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("generic", {"title": "TypeError", "status": "firing"})
    await monitoring.sends("errors", b'{"nothing": 1}')
    headline, more = await listed(world)
    assert headline.startswith("*No application has reported an error* since")
    assert "None ever has" in more


@pytest.mark.parametrize("span", ["soon", "8d", "0m", "1", "-1h"])
async def test_an_invalid_period_is_answered_with_a_sentence(world: World, span: str) -> None:
    [said] = await listed(world, span)
    assert "say" in said


async def test_nothing_private_is_listed(world: World, monitoring: Monitoring) -> None:
    private = report(message="for ada@example.com password=hunter2 <!channel>", application="ada@example.com")
    await monitoring.tells("errors", private)
    said = "\n".join(await listed(world))
    assert "[email]" in said
    assert not any(secret in said for secret in ("ada@example.com", "hunter2", "<!channel>"))


async def test_old_error_counts_are_deleted(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("errors", report())
    await world.passes(days=3)
    await monitoring.tells("errors", report("KeyError"))
    await world.passes(days=5)
    async with world.house.db.transaction() as conn:
        kept = await (await conn.execute("SELECT count FROM error_counts")).fetchall()
    assert len(kept) == 1


async def test_concurrent_deliveries_are_each_counted_once(world: World, monitoring: Monitoring) -> None:
    bodies = [
        json.dumps([report(), report(message="no order 2"), report(f"E{n % 3}Error")]).encode() for n in range(20)
    ]
    await asyncio.gather(
        *(monitoring.sends("errors", body, Idempotency_Key=f"{n % 20}") for n, body in enumerate(bodies + bodies[:10]))
    )
    headline, *lines = await listed(world)
    assert "*60 application errors*" in headline
    assert lines[0].startswith("🟡 *40×* TypeError")
