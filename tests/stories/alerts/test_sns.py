"""Amazon SNS over HTTP, signed and with the token: from the subscription to an alarm and its end."""

import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.sources import sns
from tests.sources.amazon import ALARM, CONFIRMATION, HOST, NOTIFICATION, Signer, amazon, notification
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, Reply, watched
from tests.world import World, words_of

OVER = notification(
    ALARM | {"NewStateValue": "OK", "StateChangeTime": "2026-08-06T12:33:08.000+0000"}, MessageId="the end"
)


class Amazon(AbstractResolver):
    """A server posing as Amazon's: every name resolves to it. It answers confirmations with `status`."""

    def __init__(self, port: int, confirmed: list[str]) -> None:
        self._port = port
        self.confirmed = confirmed
        self.status = 200

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def world(new_world: Callable[..., AbstractAsyncContextManager[World]]) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


@pytest.fixture
async def amazons(world: World) -> AsyncIterator[Amazon]:
    """Serves the signing certificate and takes confirmations, over HTTPS."""
    sns._certificates.clear()

    async def certificate(request: web.Request) -> web.Response:
        return web.Response(body=amazon().certificate)

    async def confirm(request: web.Request) -> web.Response:
        server.confirmed.append(request.query_string)
        return web.Response(status=server.status, text="<ConfirmSubscriptionResponse/>")

    site = web.Application()
    site.add_routes([web.get("/{certificate}.pem", certificate), web.get("/", confirm)])
    authority, listening = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(listening)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=listening).start()
    server = Amazon(runner.addresses[0][1], [])
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    connector = world.house.session.connector
    assert isinstance(connector, aiohttp.TCPConnector)
    connector._resolver, connector._ssl = server, trusting
    yield server
    await runner.cleanup()
    sns._certificates.clear()


async def posts(world: World, monitoring: Monitoring, message: Any, **more: Any) -> Reply:
    """As SNS does: JSON labelled as text, with the token in the URL."""
    own = {"token": None, "query": f"?token={TOKEN}", "Content_Type": "text/plain; charset=UTF-8"} | more
    reply = await monitoring.sends("sns", json.dumps(message).encode(), **own)
    await world.settled()
    return reply


async def test_an_alarm_delivered_twice_and_resolved_twice_is_one_card(
    world: World, monitoring: Monitoring, amazons: Amazon
) -> None:
    for message in (NOTIFICATION, NOTIFICATION, OVER, OVER):
        assert (await posts(world, monitoring, amazon().signed(message))).status == 202
        assert "shop-5xx: The shop answers with errors" in words_of(monitoring.card)
    assert monitoring.card.text.startswith("✅ *Resolved* ")
    assert "Seen" not in monitoring.words


async def test_a_resolve_that_arrives_before_its_alarm_leaves_nothing_firing(
    world: World, monitoring: Monitoring, amazons: Amazon
) -> None:
    for message in (OVER, NOTIFICATION, NOTIFICATION):
        assert (await posts(world, monitoring, amazon().signed(message, "2"))).status == 202
    assert all(card.text.startswith("✅") for card in monitoring.cards)


async def test_a_forged_message_is_refused_even_with_the_token_and_a_signed_one_without_the_token(
    world: World, monitoring: Monitoring, amazons: Amazon
) -> None:
    for forged in (Signer().signed(NOTIFICATION), NOTIFICATION, amazon().signed(NOTIFICATION) | {"Message": "changed"}):
        reply = await posts(world, monitoring, forged)
        assert (reply.status, "signature" in reply.body["error"]) == (401, True)
    assert (await posts(world, monitoring, amazon().signed(NOTIFICATION), query="")).status == 401
    assert not any("shop-5xx" in words_of(card) for card in monitoring.cards)
    assert "not signed by Amazon" in monitoring.words


async def test_a_subscription_is_confirmed_only_when_amazon_signed_it(
    world: World, monitoring: Monitoring, amazons: Amazon
) -> None:
    assert (await posts(world, monitoring, Signer().signed(CONFIRMATION))).status == 401
    assert amazons.confirmed == []
    assert (await posts(world, monitoring, amazon().signed(CONFIRMATION))).status == 202
    [asked] = amazons.confirmed
    assert "Action=ConfirmSubscription" in asked and "Token=2336412f37" in asked


@pytest.mark.parametrize(("status", "answered"), [(403, 422), (500, 503), (429, 503)])
async def test_a_failed_confirmation_is_reported(
    world: World, monitoring: Monitoring, amazons: Amazon, status: int, answered: int
) -> None:
    amazons.status = status
    reply = await posts(world, monitoring, amazon().signed(CONFIRMATION))
    assert reply.status == answered
    assert ("could not be confirmed" in reply.body["error"]) == (answered == 422)
    assert [card.text for card in monitoring.cards if "Amazon SNS sent something" in card.text] == (
        [monitoring.card.text] if answered == 422 else []
    )


async def test_a_message_is_to_be_retried_while_amazons_certificate_cannot_be_fetched(
    world: World, monitoring: Monitoring, amazons: Amazon
) -> None:
    connector = world.house.session.connector
    port, amazons._port = amazons._port, 1
    reply = await posts(world, monitoring, amazon().signed(NOTIFICATION))
    assert (reply.status, monitoring.cards) == (503, [])
    amazons._port = port
    connector.clear_dns_cache()
    assert (await posts(world, monitoring, amazon().signed(NOTIFICATION))).status == 202


async def test_plain_text_and_raw_deliveries_become_alerts(
    world: World, monitoring: Monitoring, amazons: Amazon
) -> None:
    text = notification("Backup of orders failed\nExit code 3", MessageId="a text")
    assert (await posts(world, monitoring, amazon().signed(text))).status == 202
    raw = {"x_amz_sns_rawdelivery": "true", "x_amz_sns_message_id": "raw"}
    for _ in range(2):
        assert (await posts(world, monitoring, ALARM, **raw)).status == 202
    first, second = monitoring.cards
    assert "Backup of orders failed" in first.text and "shop-5xx" in second.text
    assert "Seen" not in words_of(second)
