"""Services that watch from outside: each one's webhook opens and resolves a card, and never causes an error."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.sandbox.model import Message
from tests.at_hand import ROOT
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, Reply, watched
from tests.world import World, words_of

SAMPLES = ROOT / "bot" / "sandbox" / "samples"


@dataclass(frozen=True)
class Service:
    """What a service posts when a check fails, and the fields that differ when it recovers."""

    source: str
    title: str
    over: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def firing(self) -> Any:
        return json.loads((SAMPLES / f"{self.source}.json").read_text())

    @property
    def resolved(self) -> Any:
        return merged(self.firing, self.over)


def merged(whole: Any, changed: Mapping[str, Any]) -> Any:
    return {
        **whole,
        **{key: merged(whole[key], one) if isinstance(one, Mapping) else one for key, one in changed.items()},
    }


SERVICES = [
    Service(
        "uptimerobot", "Shop is down", {"alertType": "2", "alertTypeFriendlyName": "Up", "alertDateTime": "1786019588"}
    ),
    Service("pingdom", "Shop checkout is down", {"current_state": "UP", "state_changed_timestamp": 1786019588}),
    Service("uptimekuma", "Shop is down", {"heartbeat": {"status": 1, "time": "2026-08-06 12:33:08.5"}}),
    Service("healthchecks", "Nightly export is down", {"status": "up", "now": "2026-08-06T12:33:08+00:00"}),
    Service(
        "datadog", "Disk almost full", {"alert_transition": "Recovered", "date": "1786019588000", "id": "58371650"}
    ),
    Service(
        "azure",
        "CPU high: web-1",
        {"data": {"essentials": {"monitorCondition": "Resolved", "resolvedDateTime": "2026-08-06T12:33:08.1234567Z"}}},
    ),
]


@pytest.fixture(params=SERVICES, ids=lambda service: service.source)
def service(request: pytest.FixtureRequest) -> Service:
    assert isinstance(request.param, Service)
    return request.param


@pytest.fixture
async def world(new_world: Callable[..., AbstractAsyncContextManager[World]]) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


async def posts(world: World, monitoring: Monitoring, service: Service, content: Any) -> Reply:
    reply = await monitoring.sends(service.source, json.dumps(content).encode(), **service.headers)
    await world.settled()
    return reply


def firing(cards: list[Message]) -> list[str]:
    return [card.text for card in cards if not card.text.startswith("✅")]


async def test_an_alert_delivered_twice_and_resolved_twice_is_one_card(
    world: World, monitoring: Monitoring, service: Service
) -> None:
    for content in (service.firing, service.firing, service.resolved, service.resolved):
        assert (await posts(world, monitoring, service, content)).status == 202
        assert service.title in words_of(monitoring.card)
    assert monitoring.card.text.startswith("✅ *Resolved* ")


async def test_a_resolve_that_arrives_before_its_firing_leaves_nothing_firing(
    world: World, monitoring: Monitoring, service: Service
) -> None:
    for content in (service.resolved, service.firing, service.firing):
        assert (await posts(world, monitoring, service, content)).status == 202
    assert firing(monitoring.cards) == []


async def test_an_unreadable_webhook_is_shown_as_an_alert_of_its_own(
    world: World, monitoring: Monitoring, service: Service
) -> None:
    reply = await posts(world, monitoring, service, [service.title])
    assert reply.status in (400, 422)
    assert reply.body["error"]
    title = world.house.rendering.say("documents/not_understood_title", source=service.source)
    assert title in words_of(monitoring.card)


async def test_without_the_token_the_webhook_is_not_read(
    world: World, monitoring: Monitoring, service: Service
) -> None:
    for token in (None, TOKEN + "x"):
        reply = await monitoring.sends(service.source, json.dumps(service.firing).encode(), token=token)
        assert reply.status == 401
    await world.settled()
    assert not any(service.title in words_of(card) for card in monitoring.cards)


async def test_uptimerobot_sends_a_get_with_its_fields_in_the_query(world: World, monitoring: Monitoring) -> None:
    query = "monitorID=7&monitorFriendlyName=Shop+%26+Till&alertType={}&alertDetails=50%25"
    assert await monitoring.asks("uptimerobot?" + query.format(1)) == 202
    await world.settled()
    assert "Shop & Till is down" in monitoring.words.replace("&amp;", "&")
    assert await monitoring.asks(f"uptimerobot?token={TOKEN}&" + query.format(2)) == 202
    await world.settled()
    assert firing(monitoring.cards) == []


async def test_fields_in_the_query_of_a_post_without_a_body_are_read_too(world: World, monitoring: Monitoring) -> None:
    query = "?monitorID=7&monitorFriendlyName=Till&alertType=1"
    assert (await monitoring.sends("uptimerobot", query=query)).status == 202
    kuma = urlencode({"heartbeat": '{"status": 0}', "monitor": '{"id": 3, "name": "Shop"}', "msg": "Down"})
    assert await monitoring.asks(f"uptimekuma?{kuma}") == 202
    await world.settled()
    assert ["Till is down" in card.text or "Shop is down" in card.text for card in monitoring.cards] == [True, True]
    assert (await monitoring.sends("uptimerobot", query=query, token=None)).status == 401


async def test_unreplaced_placeholders_are_pointed_out_and_do_not_become_the_title(
    world: World, monitoring: Monitoring
) -> None:
    reply = await monitoring.sends("uptimerobot", b'{"*monitorID*": "*monitorID*", "alertType": "*alertType*"}')
    await world.settled()
    assert reply.status == 422
    assert "UptimeRobot sent its placeholders unreplaced: `*monitorID*`, `*alertType*`" in reply.body["error"]
    assert "placeholders unreplaced" in monitoring.words
