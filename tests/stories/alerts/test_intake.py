"""The HTTP door for alerts: what it accepts, and the reason it gives for what it refuses."""

import asyncio
import gzip
import json
import random
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import psycopg
import pytest

from bot.domain.alerts.received import MOST_ALERTS, ReceivedAlert
from bot.services.alerts.turns import AT_ONCE, MOST_WAITING
from tests.stories.alerts.monitoring import (
    TOKEN,
    WITH_ALERTS,
    Monitoring,
    alert,
    forwarding,
    free_port,
    notification,
    watched,
)
from tests.world import World, words_of

ONE_MIB = 1024 * 1024
SOMETHING = {"title": "Disk almost full", "status": "firing"}

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=f"{TOKEN}, alerts-token-2") as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


def as_json(content: object, length: int | None = None) -> bytes:
    """JSON padded with spaces to the given length."""
    body = json.dumps(content).encode()
    return body.ljust(length) if length else body


async def test_an_accepted_body_is_answered_with_the_number_of_its_alerts(monitoring: Monitoring) -> None:
    reply = await monitoring.sends("alertmanager", as_json(notification(alert("A"), alert("B"))))
    assert (reply.status, reply.body) == (202, {"accepted": 2})


@pytest.mark.parametrize("source", ["alertmanager", "generic"])
async def test_an_empty_list_of_alerts_is_accepted(monitoring: Monitoring, source: str) -> None:
    reply = await monitoring.sends(source, as_json({"alerts": []}))
    assert (reply.status, reply.body) == (202, {"accepted": 0})


@pytest.mark.parametrize("token", [TOKEN, "alerts-token-2"])
async def test_any_of_several_tokens_is_accepted(monitoring: Monitoring, token: str) -> None:
    assert (await monitoring.sends("generic", as_json(SOMETHING), token=token)).status == 202


async def test_the_token_may_be_in_the_url(monitoring: Monitoring) -> None:
    reply = await monitoring.sends("generic", as_json(SOMETHING), token=None, query=f"?token={TOKEN}")
    assert reply.status == 202


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", f"{TOKEN}, alerts-token-2"])
@pytest.mark.parametrize("path", ["generic", "no-such-source", "heartbeat/nightly-job"])
async def test_a_wrong_token_is_refused_before_the_body_is_read(
    monitoring: Monitoring, token: str | None, path: str
) -> None:
    reply = await monitoring.sends(path, b"{ not even JSON", token=token)
    assert reply.status == 401
    assert "ALERTS_TOKEN" in reply.body["error"]


async def test_without_a_configured_token_only_signed_bodies_are_accepted(new_world: NewWorld) -> None:
    async with new_world(runbook=WITH_ALERTS) as world, watched(world) as monitoring:
        reply = await monitoring.sends("generic", as_json(SOMETHING), token="")
        assert reply.status == 401
        assert "ALERTS_TOKEN is not set" in reply.body["error"]


@pytest.mark.parametrize("path", ["no-such-source", "heartbeat", "heartbeat/no-such-job"])
async def test_an_unknown_source_is_a_404_that_lists_the_known_ones(monitoring: Monitoring, path: str) -> None:
    reply = await monitoring.sends(path, as_json(SOMETHING))
    assert reply.status == 404
    assert "generic" in reply.body["error"] or "nightly-job" in reply.body["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe{", b"[" * 200_000, b"title=Disk"])
async def test_an_unreadable_body_is_refused(monitoring: Monitoring, body: bytes) -> None:
    reply = await monitoring.sends("generic", body)
    assert (reply.status, reply.body) == (400, {"error": "the body is not JSON"})


async def test_a_body_that_does_not_decompress_is_refused(monitoring: Monitoring) -> None:
    reply = await monitoring.sends("generic", b"not packed at all", Content_Encoding="gzip")
    assert reply.status == 400


async def test_a_compressed_body_is_decompressed_and_its_decompressed_size_counts(monitoring: Monitoring) -> None:
    small, large = gzip.compress(as_json(SOMETHING)), gzip.compress(as_json(SOMETHING, ONE_MIB + 1))
    assert (await monitoring.sends("generic", small, Content_Encoding="gzip")).status == 202
    assert (await monitoring.sends("generic", large, Content_Encoding="gzip")).status == 413


@pytest.mark.parametrize(
    "content",
    [
        [], "text", 7, None, {}, {"title": "x"}, {"status": "firing"}, {"title": "x", "status": "maybe"},
        {"title": " ", "status": "firing"}, {"title": ["x"], "status": "firing"}, [SOMETHING],
        {"alerts": "none"}, {"alerts": [{}, {"title": "x"}]},
    ],
)  # fmt: skip
async def test_a_body_of_the_wrong_shape_is_refused_naming_the_field(monitoring: Monitoring, content: object) -> None:
    reply = await monitoring.sends("generic", as_json(content))
    assert reply.status == 422
    assert re.match(r"[\w. ]+(: | is missing)", reply.body["error"])


async def test_a_notification_with_one_malformed_alert_is_accepted_without_it(
    world: World, monitoring: Monitoring
) -> None:
    """The malformed one may be firing: the card counts it, and nothing counts as resolved for being unlisted."""
    await monitoring.tells("alertmanager", notification(alert("A"), alert("A", host="b"), group="g"))
    await world.passes(minutes=2)
    wrong = notification(alert("A"), alert("A", host="b") | {"status": "?"}, group="g") | {"truncatedAlerts": 0}
    reply = await monitoring.sends("alertmanager", as_json(wrong))
    await world.settled()
    assert (reply.status, reply.body["accepted"]) == (202, 1)
    assert [odd.split(":")[0] for odd in reply.body["odd"]] == ["alerts.1.status"]
    assert "1 more alert is not shown" in monitoring.words
    assert "and 1 more" in monitoring.card.text


async def test_a_notification_of_only_malformed_alerts_is_refused(monitoring: Monitoring) -> None:
    reply = await monitoring.sends("alertmanager", as_json(notification(alert("B") | {"status": "?"})))
    assert (reply.status, reply.body["error"].split(":")[0]) == (422, "alerts.0.status")
    assert monitoring.cards == []


async def test_a_body_of_one_mebibyte_is_accepted_and_one_byte_more_is_not(monitoring: Monitoring) -> None:
    assert (await monitoring.sends("generic", as_json(SOMETHING, ONE_MIB))).status == 202
    assert (await monitoring.sends("generic", as_json(SOMETHING, ONE_MIB + 1))).status == 413


async def test_a_body_without_content_length_is_measured_while_it_is_read(monitoring: Monitoring) -> None:
    async def pieces(length: int) -> AsyncIterator[bytes]:
        body = as_json(SOMETHING, length)
        for start in range(0, length, 100_000):
            yield body[start : start + 100_000]

    assert (await monitoring.sends("generic", pieces(ONE_MIB))).status == 202
    assert (await monitoring.sends("generic", pieces(ONE_MIB + 1))).status == 413


async def test_an_alert_is_not_accepted_while_the_database_is_down(world: World, monitoring: Monitoring) -> None:
    await world.house.db.close()
    reply = await monitoring.sends("generic", as_json(SOMETHING))
    assert reply.status == 503
    assert "send it again" in reply.body["error"]


async def test_an_alert_that_cannot_be_stored_in_time_is_refused(
    world: World, monitoring: Monitoring, database: str
) -> None:
    await monitoring.tells("generic", SOMETHING)
    async with await psycopg.AsyncConnection.connect(database) as other:
        await other.execute("LOCK TABLE alerts IN ACCESS EXCLUSIVE MODE")
        reply = await monitoring.sends("generic", as_json(SOMETHING))
    assert reply.status == 503

    await monitoring.tells("generic", SOMETHING)
    assert "Seen 2 times" in monitoring.words


async def test_a_delivery_with_a_known_idempotency_key_changes_nothing(world: World, monitoring: Monitoring) -> None:
    for _ in range(2):
        reply = await monitoring.sends("generic", as_json(SOMETHING), Idempotency_Key="disk-1")
        assert (reply.status, reply.body) == (202, {"accepted": 1})
    await world.settled()
    assert "Seen" not in monitoring.words


async def test_an_idempotency_key_that_is_not_utf8_works_like_any_other(world: World, monitoring: Monitoring) -> None:
    """Two different keys that no database could store verbatim stay different, and each is recognised again."""
    body = as_json(SOMETHING)
    for name in (b"disk-\xff", b"disk-\xfe", b"disk-\xff"):
        reader, writer = await asyncio.open_connection("127.0.0.1", world.app.port)
        head = f"Host: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(body)}\r\n".encode()
        writer.write(b"POST /alerts/generic HTTP/1.1\r\n" + head + b"Idempotency-Key: " + name + b"\r\n\r\n" + body)
        assert b" 202 " in await reader.readline()
        writer.close()
    await world.settled()
    assert "Seen 2 times" in monitoring.words


async def test_the_body_is_stored_verbatim(world: World, monitoring: Monitoring, database: str) -> None:
    body = as_json(SOMETHING, 70_000)
    await monitoring.sends("generic", body)
    async with await psycopg.AsyncConnection.connect(database) as conn:
        rows = await (await conn.execute("SELECT source, accepted, body FROM alert_deliveries")).fetchall()
    assert rows == [("generic", 1, body[: 64 * 1024])]


async def test_characters_postgresql_cannot_store_do_no_harm(monitoring: Monitoring) -> None:
    strange = "null \x00 half \ud800 bell \x07 line\nbreak"
    await monitoring.tells("generic", {"title": strange, "status": "firing", "labels": {strange: strange}})
    assert monitoring.card.text == "🟡 *Medium* null half bell line break"


async def test_a_notification_of_the_largest_size_is_accepted(monitoring: Monitoring) -> None:
    storm = [alert("DiskFull", host=f"db-{number:06}") for number in range(2800)]
    random.Random(7).shuffle(storm)
    body = as_json(notification(*storm))
    assert 0.9 * ONE_MIB < len(body) < ONE_MIB
    reply = await monitoring.sends("alertmanager", body)
    assert (reply.status, reply.body) == (202, {"accepted": 2800})


# Refusals are reported


def system_cards(monitoring: Monitoring) -> list[str]:
    return [
        words_of(card)
        for card in monitoring.cards
        if "ALERTS_TOKEN" in words_of(card) or "max_alerts" in words_of(card)
    ]


async def test_a_wrong_token_is_reported_once_with_its_sender_and_what_to_do(
    world: World, monitoring: Monitoring
) -> None:
    for _ in range(3):
        await monitoring.sends("alertmanager", b"{}", token="wrong", User_Agent="Alertmanager/0.27.0")
    await world.settled()
    [words] = system_cards(monitoring)
    assert "127.0.0.1 (Alertmanager/0.27.0)" in words
    assert "credentials" in words

    await monitoring.fires(alert("DiskFull"))
    [words] = system_cards(monitoring)
    assert "Resolved" in words


async def test_an_oversized_body_is_reported_with_the_setting_that_limits_it(
    world: World, monitoring: Monitoring
) -> None:
    assert (await monitoring.sends("alertmanager", as_json(SOMETHING, ONE_MIB + 1))).status == 413
    await world.settled()
    [words] = system_cards(monitoring)
    assert "max_alerts" in words

    # A small body that gets through is no proof that the large ones do.
    await monitoring.fires(alert("DiskFull"))
    [words] = system_cards(monitoring)
    assert "Resolved" not in words


async def test_refused_bodies_are_counted(world: World, monitoring: Monitoring) -> None:
    await monitoring.sends("generic", b"{", token=TOKEN)
    await monitoring.sends("no-such-source", b"{", token=TOKEN)
    text = world.app.metrics.text(None).decode()
    assert 'tocsin_alerts_refused_total{source="generic",status="400"} 1.0' in text
    assert "no-such-source" not in text


async def test_a_body_with_a_wrong_token_is_not_decompressed(monitoring: Monitoring) -> None:
    for body in (gzip.compress(b"{}"), b"not packed at all"):
        assert (await monitoring.sends("generic", body, token="wrong", Content_Encoding="gzip")).status == 401


async def test_a_delivery_of_too_many_alerts_is_refused_with_what_to_do(monitoring: Monitoring) -> None:
    many = [{"title": "a", "status": "firing", "fingerprint": str(n)} for n in range(MOST_ALERTS + 1)]
    reply = await monitoring.sends("generic", as_json({"alerts": many}))
    assert reply.status == 422
    assert f"at most {MOST_ALERTS}" in reply.body["error"]


async def test_a_thousand_alerts_in_one_body_are_accepted(world: World, monitoring: Monitoring, database: str) -> None:
    many = [{"title": "a", "status": "firing", "fingerprint": str(n), "severity": "info"} for n in range(1000)]
    reply = await monitoring.sends("generic", as_json({"alerts": many}))
    assert (reply.status, reply.body) == (202, {"accepted": 1000})
    async with await psycopg.AsyncConnection.connect(database) as conn:
        counted = await (await conn.execute("SELECT count(*), count(DISTINCT group_id) FROM alerts")).fetchone()
    assert counted == (1000, 1000)


async def test_the_answer_tells_the_sender_what_was_odd(monitoring: Monitoring) -> None:
    one = alert("A") | {"labels": {"alertname": "A", "team": None}}
    reply = await monitoring.sends("alertmanager", as_json(notification(one, alert("B"))))
    assert (reply.status, reply.body["accepted"]) == (202, 2)
    assert "labels.team" in reply.body["odd"][0]


async def test_a_source_defined_in_the_runbook_has_its_own_url(new_world: NewWorld) -> None:
    described = "  sources:\n    kuma: {title: name, status: {path: up, firing: [false], resolved: [true]}}\n"
    async with new_world(runbook=WITH_ALERTS + described, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        reply = await monitoring.sends("kuma", as_json({"name": "Shop is away", "up": False}))
        assert (reply.status, reply.body) == (202, {"accepted": 1})
        await world.settled()
        assert "Shop is away" in monitoring.words


async def test_an_unreadable_body_from_a_known_sender_is_shown_and_can_be_closed(
    world: World, monitoring: Monitoring
) -> None:
    assert (await monitoring.sends("alertmanager", as_json({"no": "alerts"}))).status == 422
    assert (await monitoring.sends("alertmanager", b"{ broken")).status == 400
    await world.settled()
    assert "Alertmanager" in monitoring.words and "not JSON" in monitoring.words


async def test_a_get_to_a_source_that_takes_no_query_says_so(monitoring: Monitoring) -> None:
    assert await monitoring.asks("generic?title=x") == 405


async def test_an_alert_from_another_tocsin_is_an_alert_like_any_other(monitoring: Monitoring) -> None:
    signed = {"Webhook_Id": "alert-1.2", "Webhook_Timestamp": "1", "Webhook_Signature": "v1,c29tZWJvZHkgZWxzZQ=="}
    reply = await monitoring.sends("generic", as_json(SOMETHING), User_Agent="Tocsin", **signed)
    assert (reply.status, reply.body) == (202, {"accepted": 1})


async def test_an_alert_whose_webhook_loops_back_here_is_shown_once(new_world: NewWorld, database: str) -> None:
    door = free_port()
    here = f"http://127.0.0.1:{door}/alerts"
    hooks = f"  webhook: {here}/generic?token={TOKEN}\n"
    people = WITH_ALERTS.replace("name: Ben Moss,", f'name: Ben Moss, webhook: "{here}/generic?token={TOKEN}&site=b",')
    runbook = people.replace("{page: oncall", "{page: looped").replace(
        "tiers:\n", "tiers:\n  looped: {who: [ben], via: [webhook, pagerduty]}\n"
    )
    pagerduty = {"PAGERDUTY_EVENTS_URL": f"{here}/pagerduty/v2/enqueue", "PAGERDUTY_ROUTING_KEY": TOKEN}
    async with (
        new_world(runbook=runbook + hooks, ALERTS_TOKEN=TOKEN, **pagerduty) as world,
        watched(world) as monitoring,
        forwarding(door, world.app.port),
    ):
        await monitoring.fires(alert("DatabaseDown", severity="critical"))
        await world.settled()
        assert [card.text for card in monitoring.cards] == ["🔴 *Critical* DatabaseDown is bad"]
        async with await psycopg.AsyncConnection.connect(database) as conn:
            pages = await conn.execute("SELECT via, state FROM pages WHERE via <> 'slack'")
            assert sorted(await pages.fetchall()) == [("pagerduty", "refused"), ("webhook", "refused")]


async def test_when_the_queue_is_full_the_next_body_is_refused_and_all_waiting_ones_are_accepted(
    world: World, monitoring: Monitoring
) -> None:
    house = world.house.alerts
    async with AsyncExitStack() as taken:
        for _ in range(AT_ONCE):
            await taken.enter_async_context(house.taking())
        alerts = [
            ReceivedAlert(f"Thing {number}", True, f"t{number}", severity="low") for number in range(MOST_WAITING)
        ]
        waiting = [asyncio.ensure_future(house.receive("generic", [one])) for one in alerts]
        await asyncio.sleep(0)
        reply = await monitoring.sends("generic", as_json(SOMETHING))
        assert reply.status == 503 and "too many" in reply.body["error"]
    assert await asyncio.gather(*waiting) == [1] * MOST_WAITING
    assert (await monitoring.sends("generic", as_json(SOMETHING))).status == 202


async def test_the_same_idempotency_key_with_different_bodies_is_two_deliveries(
    world: World, monitoring: Monitoring
) -> None:
    for title in ("Disk full", "Queue stuck"):
        reply = await monitoring.sends("generic", as_json(SOMETHING | {"title": title}), Idempotency_Key="1")
        assert (reply.status, reply.body) == (202, {"accepted": 1})
    await world.settled()
    assert len(monitoring.cards) == 2
