"""Sources that sign what they send, over HTTP: posted twice, in both orders, forged, replayed, unsigned."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import bot.sandbox
from tests.stories.alerts.monitoring import CHANNEL, TOKEN, WITH_ALERTS, Monitoring, Reply, watched
from tests.world import World, words_of

SAMPLES = Path(bot.sandbox.__file__).parent / "samples"

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(
        runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN, GRAFANA_WEBHOOK_SECRET="grafana-1, grafana-2"
    ) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def signature(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


async def grafana(
    monitoring: Monitoring, world: World, content: Any, *, secret: str = "grafana-2", age: timedelta = timedelta()
) -> Reply:
    body, at = json.dumps(content).encode(), str(int((world.clock.now() - age).timestamp()))
    signed = signature(secret, at.encode() + b":" + body)
    headers = {"X_Grafana_Alerting_Signature": signed, "X_Grafana_Alerting_Timestamp": at}
    reply = await monitoring.sends("grafana", body, token=None, **headers)
    await world.settled()
    return reply


def of_grafana(status: str, **alert: Any) -> Any:
    content = sample("grafana")
    content["alerts"][0] |= {"status": status, **alert}
    return content


ENDED = {"endsAt": "2026-08-06T13:55:00Z"}


async def test_grafana_tells_an_alert_twice_and_its_end(monitoring: Monitoring, world: World) -> None:
    for _ in range(2):
        assert (await grafana(monitoring, world, of_grafana("firing"))).status == 202
    card = words_of(monitoring.card)
    assert "High memory: web-1 uses 91 % of its memory" in card
    assert "Seen 2 times" in card
    assert "Dashboard" in card
    await grafana(monitoring, world, of_grafana("resolved", **ENDED))
    assert "Resolved" in words_of(monitoring.card)


async def test_grafanas_end_may_come_before_what_it_ends(monitoring: Monitoring, world: World) -> None:
    await grafana(monitoring, world, of_grafana("resolved", **ENDED))
    await grafana(monitoring, world, of_grafana("firing"))
    assert monitoring.cards == []
    await grafana(monitoring, world, of_grafana("firing", startsAt="2026-08-06T13:59:00Z"))
    assert "Firing since" in words_of(monitoring.card)


async def test_what_grafana_did_not_sign_is_refused(monitoring: Monitoring, world: World) -> None:
    content = of_grafana("firing")
    assert (await grafana(monitoring, world, content, secret="another")).status == 401
    assert (await grafana(monitoring, world, content, age=timedelta(minutes=6))).status == 401
    assert (await monitoring.sends("grafana", json.dumps(content).encode(), token=None)).status == 401
    assert (await monitoring.sends("grafana", json.dumps(content).encode())).status == 202


async def test_who_tries_a_contact_point_of_grafana_pages_nobody(monitoring: Monitoring, world: World) -> None:
    labels = {"alertname": "TestAlert", "instance": "Grafana", "severity": "critical"}
    await grafana(monitoring, world, of_grafana("firing", labels=labels))
    await world.passes(minutes=10)
    assert [place for place, _ in world.posts()] == [CHANNEL]
