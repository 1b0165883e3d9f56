"""Error reports of an application: one card per error, nothing private stored, a rate limit per client."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import psycopg
import pytest

from bot.doors.intake import PER_MINUTE
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, Reply, watched
from tests.world import World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
COUNTED = "  rules:\n    - {match: {source: errors, type: KeyError}, at_least: 3 in 10m, level: high}\n"


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS.replace("  rules:\n", COUNTED), ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


def report(message: str = "no order 1", **more: Any) -> dict[str, Any]:
    return {"application": "shop", "type": "TypeError", "message": message, **more}


async def sent(monitoring: Monitoring, content: object) -> Reply:
    return await monitoring.sends("errors", json.dumps(content).encode())


async def test_reports_of_one_error_are_one_card_that_counts_them(monitoring: Monitoring) -> None:
    await monitoring.tells("errors", report())
    await monitoring.tells("errors", [report("no order 2"), report("no order 3")])
    assert "TypeError: no order 3" in monitoring.words
    assert "Seen 3 times" in monitoring.words
    assert "From the application" in monitoring.words


async def test_one_error_declares_nothing_and_a_rule_may_wait_for_many(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("errors", report(severity="error"))
    await monitoring.tells("errors", [report(type="KeyError")] * 2)
    assert len(monitoring.cards) == 1
    await monitoring.tells("errors", report("no order 4", type="KeyError"))
    assert len(monitoring.cards) == 2
    assert await world.house.incidents.newest(open_only=False) == []


async def test_an_error_never_resolves_by_itself_so_people_close_it(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("errors", report())
    for label in ("Acknowledge", "Close"):
        await world.ada.presses(label, monitoring.card)
        await world.settled()
    assert "Closed by" in monitoring.words
    await monitoring.tells("errors", report())
    assert len(monitoring.cards) == 2


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(report("for ada@example.com", password="hunter2", cookies={"a": "hunter2"})).encode(),
        b'{"message": "for ada@example.com", "password": "hunter2"',
        json.dumps({"password": "hunter2", "note": "ada@example.com"}).encode(),
    ],
    ids=["understood", "no JSON", "no report"],
)
async def test_nothing_private_is_stored_whether_or_not_the_report_was_understood(
    world: World, monitoring: Monitoring, database: str, body: bytes
) -> None:
    await monitoring.sends("errors", body)
    await world.settled()
    stored = await everything(database)
    assert "alert" in stored
    assert "hunter2" not in stored
    assert "ada@example.com" not in stored


async def everything(database: str) -> str:
    """Everything in the alert tables, including the raw bodies."""
    found = ["alert"]
    async with await psycopg.AsyncConnection.connect(database) as conn:
        for table in ("alerts", "alert_groups", "alert_deliveries", "outbox"):
            async for row in await conn.execute(f"SELECT * FROM {table}"):
                found += [bytes(one).decode() if isinstance(one, bytes) else str(one) for one in row]
    assert len(found) > 1
    return "\n".join(found)


async def test_a_client_over_the_rate_limit_is_told_when_to_retry_and_others_are_not_affected(
    world: World, monitoring: Monitoring
) -> None:
    assert (await sent(monitoring, [report()] * PER_MINUTE)).status == 202
    refused = await sent(monitoring, report())
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert (await sent(monitoring, report() | {"application": "admin"})).status == 202
    assert (await monitoring.sends("generic", b'{"title": "A", "status": "firing"}')).status == 202
    await world.passes(seconds=1)
    assert (await sent(monitoring, report())).status == 202


async def test_refused_reports_are_counted(world: World, monitoring: Monitoring) -> None:
    await sent(monitoring, [report()] * PER_MINUTE)
    await sent(monitoring, report())
    assert b'tocsin_alerts_refused_total{source="errors",status="429"} 1.0' in world.app.metrics.text(None)
