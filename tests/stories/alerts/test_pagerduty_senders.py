"""A sender built for PagerDuty, pointed at the bot: its key, its URLs, and the answers it gets."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import psycopg
import pytest

from tests.sources.test_pagerduty import EVENT, OLD_EVENT
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, Reply, watched
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
V2, V1 = "pagerduty/v2/enqueue", "pagerduty/generic/2010-04-15/create_event.json"


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


async def sends(monitoring: Monitoring, world: World, path: str, content: Any) -> Reply:
    reply = await monitoring.sends(path, json.dumps(content).encode(), token=None)
    await world.settled()
    return reply


@pytest.mark.parametrize(
    ("path", "trigger", "key", "action"),
    [
        ("pagerduty", EVENT, "routing_key", "event_action"), (V2, EVENT, "routing_key", "event_action"),
        (V1, OLD_EVENT, "service_key", "event_type"),
    ],
)  # fmt: skip
async def test_a_token_serves_as_the_senders_routing_key(
    monitoring: Monitoring, world: World, path: str, trigger: dict[str, Any], key: str, action: str
) -> None:
    own = trigger | {key: TOKEN}
    for _ in range(2):
        assert (await sends(monitoring, world, path, own)).body["status"] == "success"
    assert "Disk almost full on db-1" in words_of(monitoring.card)
    assert "Seen 2 times" in words_of(monitoring.card)
    for _ in range(2):
        assert (await sends(monitoring, world, path, own | {action: "resolve"})).body["status"] == "success"
    assert "Resolved" in words_of(monitoring.card)


async def test_a_routing_key_that_is_not_a_token_is_refused(monitoring: Monitoring, world: World) -> None:
    for path, event in ((V2, EVENT), (V1, OLD_EVENT), ("pagerduty", {})):
        assert (await sends(monitoring, world, path, event)).status == 401
    assert "routing key" in words_of(monitoring.card)


async def test_a_resolve_of_an_unknown_alert_is_dropped(monitoring: Monitoring, world: World) -> None:
    own = EVENT | {"routing_key": TOKEN}
    assert (await sends(monitoring, world, V2, own | {"event_action": "resolve"})).status == 202
    assert monitoring.cards == []
    await sends(monitoring, world, V2, own)
    assert "Firing since" in words_of(monitoring.card)


def event(action: str, key: str = "disk-db-1", severity: str = "critical") -> dict[str, Any]:
    payload = EVENT["payload"] | {"severity": severity}
    return EVENT | {"routing_key": TOKEN, "event_action": action, "dedup_key": key, "payload": payload}


async def test_an_alert_acknowledged_at_its_source_pages_nobody(monitoring: Monitoring, world: World) -> None:
    await sends(monitoring, world, V2, event("trigger"))
    assert "On-call Engineer will be paged" in monitoring.words
    for _ in range(2):
        assert (await sends(monitoring, world, V2, event("acknowledge"))).status == 202
    assert "Acknowledged at its source" in monitoring.words
    assert "will be paged" not in monitoring.words
    assert "Acknowledge" not in world.ada.labels(monitoring.card)
    await sends(monitoring, world, V2, event("trigger"))
    await world.passes(minutes=10)
    assert world.pages_of("ada") == []
    await sends(monitoring, world, V2, event("resolve"))
    await sends(monitoring, world, V2, event("trigger"))
    await world.passes(minutes=5)
    assert len(world.pages_of("ada")) == 1


async def test_an_alert_that_becomes_more_severe_after_being_acknowledged_at_its_source_pages(
    monitoring: Monitoring, world: World
) -> None:
    for one in (event("trigger", severity="warning"), event("acknowledge"), event("trigger")):
        await sends(monitoring, world, V2, one)
        await world.passes(seconds=1)
    assert "but not what fired since" in monitoring.words
    await world.passes(minutes=5)
    assert len(world.pages_of("ada")) == 1


async def test_an_acknowledgement_of_another_alert_changes_nothing(monitoring: Monitoring, world: World) -> None:
    for one in (event("acknowledge"), event("trigger"), event("acknowledge", "other"), event("resolve", "other")):
        await sends(monitoring, world, V2, one)
    await world.passes(minutes=5)
    assert len(world.pages_of("ada")) == 1
    await sends(monitoring, world, V2, event("acknowledge"))
    assert "Acknowledged at its source" in monitoring.words
    [incident] = await world.house.incidents.newest(open_only=True)
    assert incident.acknowledged_by is None


async def test_each_alert_on_a_card_has_to_be_acknowledged_at_its_source(new_world: NewWorld) -> None:
    counted = WITH_ALERTS.replace("  rules:\n", "  rules:\n    - {match: {component: disk}, at_least: 2 in 1h}\n")
    async with new_world(runbook=counted, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        for one in (event("trigger"), event("trigger", "disk-db-2"), event("acknowledge")):
            await sends(monitoring, world, V2, one)
        assert "Acknowledged" not in monitoring.words
        await world.passes(minutes=5)
        assert len(world.pages_of("ada")) == 1


async def test_the_routing_key_is_not_stored_with_the_body(monitoring: Monitoring, world: World) -> None:
    await sends(monitoring, world, V2, EVENT | {"routing_key": TOKEN})
    await sends(monitoring, world, V2, {"routing_key": TOKEN, "event_action": "explode"})
    url = world.app.settings.database_url
    assert url is not None
    async with await psycopg.AsyncConnection.connect(url.get_secret_value()) as conn:
        cursor = await conn.execute("SELECT body FROM alert_deliveries")
        bodies = [bytes(body) for (body,) in await cursor.fetchall()]
    assert len(bodies) == 2
    assert all(TOKEN.encode() not in body for body in bodies)
