"""Sources that sign their webhooks: delivered twice, out of order, forged, replayed, unsigned."""

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
    secrets = {"GRAFANA_WEBHOOK_SECRET": "grafana-1, grafana-2", "SENTRY_CLIENT_SECRET": "sentry-1"}
    secrets["STRIPE_WEBHOOK_SECRET"] = "whsec_1, whsec_2"
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN, **secrets) as world:
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


async def test_grafana_sends_an_alert_twice_and_then_its_end(monitoring: Monitoring, world: World) -> None:
    for _ in range(2):
        assert (await grafana(monitoring, world, of_grafana("firing"))).status == 202
    card = words_of(monitoring.card)
    assert "High memory: web-1 uses 91 % of its memory" in card
    assert "Seen 2 times" in card
    assert "Dashboard" in card
    await grafana(monitoring, world, of_grafana("resolved", **ENDED))
    assert "Resolved" in words_of(monitoring.card)


async def test_grafanas_resolve_may_arrive_before_its_firing(monitoring: Monitoring, world: World) -> None:
    await grafana(monitoring, world, of_grafana("resolved", **ENDED))
    await grafana(monitoring, world, of_grafana("firing"))
    assert monitoring.cards == []
    await grafana(monitoring, world, of_grafana("firing", startsAt="2026-08-06T13:59:00Z"))
    assert "Firing since" in words_of(monitoring.card)


async def test_a_body_grafana_did_not_sign_is_refused(monitoring: Monitoring, world: World) -> None:
    content = of_grafana("firing")
    assert (await grafana(monitoring, world, content, secret="another")).status == 401
    assert (await grafana(monitoring, world, content, age=timedelta(minutes=6))).status == 401
    assert (await monitoring.sends("grafana", json.dumps(content).encode(), token=None)).status == 401
    assert (await monitoring.sends("grafana", json.dumps(content).encode())).status == 202


async def test_testing_a_grafana_contact_point_pages_nobody(monitoring: Monitoring, world: World) -> None:
    labels = {"alertname": "TestAlert", "instance": "Grafana", "severity": "critical"}
    await grafana(monitoring, world, of_grafana("firing", labels=labels))
    await world.passes(minutes=10)
    assert [place for place, _ in world.posts()] == [CHANNEL]


async def sentry(
    monitoring: Monitoring, world: World, content: Any, *, secret: str = "sentry-1", request: str = "", minute: int = 0
) -> Reply:
    """Posts it signed, `minute` minutes after the world's start."""
    body, at = json.dumps(content).encode(), world.clock.now() + timedelta(minutes=minute)
    headers = {"Sentry_Hook_Signature": signature(secret, body), "Sentry_Hook_Timestamp": str(int(at.timestamp()))}
    reply = await monitoring.sends(
        "sentry", body, token=None, **headers, **({"Request_ID": request} if request else {})
    )
    await world.settled()
    return reply


def of_issue(action: str) -> Any:
    issue = {"id": "1117540176", "shortId": "SHOP-7", "title": "TypeError: bad", "level": "error", "culprit": "total"}
    return {"action": action, "data": {"issue": issue | {"project": {"slug": "shop"}}}, "installation": {"uuid": "a"}}


async def test_a_sentry_issue_fires_until_it_is_resolved(monitoring: Monitoring, world: World) -> None:
    for request in ("one", "one", "two"):
        assert (await sentry(monitoring, world, sample("sentry"), request=request)).status == 202
    card = words_of(monitoring.card)
    assert "shop: TypeError" in card
    assert "Seen 2 times" in card
    await sentry(monitoring, world, of_issue("assigned"))
    assert "Firing since" in words_of(monitoring.card)
    await sentry(monitoring, world, of_issue("resolved"), minute=1)
    assert "Resolved" in words_of(monitoring.card)
    await sentry(monitoring, world, of_issue("unresolved"), minute=2)
    assert len(monitoring.cards) == 2


async def test_an_issues_resolve_may_arrive_before_its_alert(monitoring: Monitoring, world: World) -> None:
    await sentry(monitoring, world, of_issue("archived"))
    await sentry(monitoring, world, sample("sentry"))
    assert monitoring.cards == []


async def test_a_body_sentry_did_not_sign_is_refused(monitoring: Monitoring, world: World) -> None:
    assert (await sentry(monitoring, world, sample("sentry"), secret="grafana-1")).status == 401
    assert (await monitoring.sends("sentry", json.dumps(sample("sentry")).encode(), token=None)).status == 401


async def test_a_replayed_sentry_webhook_neither_opens_nor_resolves_an_alert(
    monitoring: Monitoring, world: World
) -> None:
    for minute, action in enumerate(("created", "resolved", "unresolved")):
        await sentry(monitoring, world, of_issue(action), request=action, minute=minute)
    await sentry(monitoring, world, of_issue("resolved"), request="copied", minute=3)
    assert "Firing since" in words_of(monitoring.cards[-1])
    await sentry(monitoring, world, of_issue("unresolved"), request="copied too", minute=4)
    assert "Seen 2 times" in words_of(monitoring.cards[-1])
    ended = of_issue("resolved")
    ended["data"]["issue"]["count"] = "8"
    await sentry(monitoring, world, ended, request="another end", minute=5)
    await world.passes(hours=3)
    await sentry(monitoring, world, of_issue("unresolved"), request="copied again", minute=200)
    assert len(monitoring.cards) == 2 and "Resolved" in words_of(monitoring.cards[-1])


async def test_a_replayed_grafana_webhook_without_a_timestamp_opens_no_alert(
    monitoring: Monitoring, world: World
) -> None:
    async def sends(content: Any) -> None:
        body = json.dumps(content).encode()
        signed = {"X_Grafana_Alerting_Signature": signature("grafana-1", body)}
        assert (await monitoring.sends("grafana", body, token=None, **signed)).status == 202
        await world.settled()

    for content in (of_grafana("firing"), of_grafana("firing"), of_grafana("resolved", **ENDED)):
        await sends(content)
    assert "Seen 2 times" in words_of(monitoring.card)
    await world.passes(hours=3)
    await sends(of_grafana("firing"))
    assert "Resolved" in words_of(monitoring.card)


async def stripe(
    monitoring: Monitoring, world: World, content: Any, *, secret: str = "whsec_2", age: timedelta = timedelta()
) -> Reply:
    body, at = json.dumps(content).encode(), str(int((world.clock.now() - age).timestamp()))
    signed = f"t={at},v1={'0' * 64},v1={signature(secret, at.encode() + b'.' + body)},v0=x"
    reply = await monitoring.sends("stripe", body, token=None, Stripe_Signature=signed)
    await world.settled()
    return reply


def of_stripe(kind: str, number: int = 1, *, later: int = 0, **event: Any) -> Any:
    """An event about invoice `number`, `later` seconds after the sample's time."""
    content = sample("stripe")
    content["data"]["object"]["id"] = f"in_{number}"
    return content | {"id": f"evt_{kind}_{number}", "type": kind, "created": content["created"] + later} | event


async def test_a_failed_stripe_payment_fires_until_it_succeeds(monitoring: Monitoring, world: World) -> None:
    failed = of_stripe("invoice.payment_failed")
    for _ in range(2):
        assert (await stripe(monitoring, world, failed)).status == 202
    card = words_of(monitoring.card)
    assert "Payment of 108.00 USD failed for invoice SHOP-0007" in card
    assert "Low" in card
    assert "Seen" not in card
    await stripe(monitoring, world, of_stripe("invoice.paid", 2, later=30))
    assert "Firing since" in words_of(monitoring.card)
    await stripe(monitoring, world, of_stripe("invoice.paid", later=30))
    assert "Resolved" in words_of(monitoring.card)


async def test_a_payments_success_may_arrive_before_its_failure(monitoring: Monitoring, world: World) -> None:
    await stripe(monitoring, world, of_stripe("invoice.paid", later=30))
    await stripe(monitoring, world, of_stripe("invoice.payment_failed"))
    assert monitoring.cards == []


async def test_many_failed_payments_are_one_card(monitoring: Monitoring, world: World) -> None:
    for number in range(5):
        await stripe(monitoring, world, of_stripe("invoice.payment_failed", number))
    assert len(monitoring.cards) == 1


async def test_a_body_stripe_did_not_sign_is_refused(monitoring: Monitoring, world: World) -> None:
    failed = of_stripe("invoice.payment_failed")
    assert (await stripe(monitoring, world, failed, secret="whsec_3")).status == 401
    assert (await stripe(monitoring, world, failed, age=timedelta(seconds=301))).status == 401
    assert (await stripe(monitoring, world, failed, age=timedelta(seconds=299))).status == 202


async def test_a_rule_counts_failed_payments_but_not_test_data(new_world: NewWorld) -> None:
    rule = "    - {match: {source: stripe, event: invoice.payment_failed}, at_least: 3 in 1h, level: critical}\n"
    runbook = WITH_ALERTS.replace("  rules:\n", "  rules:\n" + rule)
    async with (
        new_world(runbook=runbook, ALERTS_TOKEN=TOKEN, STRIPE_WEBHOOK_SECRET="whsec_2") as world,
        watched(world) as monitoring,
    ):
        for number in range(3):
            await stripe(
                monitoring, world, of_stripe("invoice.payment_failed", number, livemode=False, id=f"t{number}")
            )
        assert "Low" in words_of(monitoring.card)
        for number in range(2):
            await stripe(monitoring, world, of_stripe("invoice.payment_failed", number))
        assert len(monitoring.cards) == 1
        await stripe(monitoring, world, of_stripe("invoice.payment_failed", 2))
        assert "Critical" in words_of(monitoring.cards[-1])


@pytest.mark.parametrize(
    ("source", "secret"),
    [("grafana", "GRAFANA_WEBHOOK_SECRET"), ("sentry", "SENTRY_CLIENT_SECRET"), ("stripe", "STRIPE_WEBHOOK_SECRET")],
)
async def test_a_wrong_signing_secret_is_reported_naming_the_right_variable(
    monitoring: Monitoring, world: World, source: str, secret: str
) -> None:
    reply = await monitoring.sends(source, json.dumps(sample(source)).encode(), token=None)
    await world.settled()
    assert (reply.status, secret in reply.body["error"]) == (401, True)
    assert secret in words_of(monitoring.card)
