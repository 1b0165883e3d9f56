"""Slack beside the Web API, answers to commands and files, and what proxies answer in Slack's place."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import Clock
from bot.domain.errors import Held, RateLimited, Rejected, Unanswered
from bot.slack.blocks import message
from bot.slack.gateway import Gateway
from bot.wire.http_client import http_client
from tests.provider import NO_ANSWERS, Provider, provider


@pytest.fixture
async def slack() -> AsyncIterator[Provider]:
    async with provider() as one:
        yield one


@pytest.fixture
async def gateway(slack: Provider) -> AsyncIterator[Gateway]:
    async with http_client() as session:
        yield Gateway(session, Clock(), token="xoxb-1", base_url=f"{slack.url}/api/")


@pytest.mark.parametrize("body", [b"ok", b'{"ok": true}'])
async def test_an_answer_slack_accepts_counts_as_given(gateway: Gateway, slack: Provider, body: bytes) -> None:
    slack.answers(200, body)

    await gateway.respond(f"{slack.url}/commands/1", message("Declared"))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, b"used_url", "404"), (404, b'{"ok": false, "error": "expired_url"}', "404"),
        (400, b"invalid_blocks", "invalid_blocks"),
    ],
)  # fmt: skip
async def test_slack_refuses_an_answer_in_its_body(
    gateway: Gateway, slack: Provider, status: int, body: bytes, code: str
) -> None:
    slack.answers(status, body)

    with pytest.raises(Rejected) as refusal:
        await gateway.respond(f"{slack.url}/commands/1", message("Declared"))
    assert refusal.value.code == code


# A success needs no particular body.
@pytest.mark.parametrize(("status", "body"), [one for one in NO_ANSWERS if one not in [(200, b""), (200, b"[]")]])
async def test_a_proxys_answer_is_neither_success_nor_refusal(
    gateway: Gateway, slack: Provider, status: int, body: bytes
) -> None:
    slack.answers(status, body)

    with pytest.raises(Unanswered):
        await gateway.respond(f"{slack.url}/commands/1", message("Declared"))


@pytest.mark.parametrize(("status", "body"), NO_ANSWERS)
async def test_a_proxys_answer_tells_neither_who_we_are_nor_what_exists(
    gateway: Gateway, slack: Provider, status: int, body: bytes
) -> None:
    slack.answers(status, body)

    with pytest.raises(Unanswered):
        await gateway.find_channels()
    with pytest.raises(Unanswered):
        await gateway.account_of("ada@example.com")
    with pytest.raises(Unanswered):
        await gateway.upload("chart.png", b"PNG", alt="A line")


@pytest.mark.parametrize(
    "said",
    [
        b'"messages": null',
        b'"messages": [{}]',
        b'"messages": ["x"]',
        b'"messages": [{"ts": "yesterday"}]',
        b'"channel": 1',
    ],
)
async def test_an_answer_that_is_no_history_says_nothing_about_what_was_posted(
    gateway: Gateway, slack: Provider, said: bytes
) -> None:
    slack.answers(200, b'{"ok": true, ' + said + b"}")

    with pytest.raises(Unanswered):
        await gateway.find_posted("D1", "page:1", since=datetime.now(UTC))


async def test_nulls_in_a_history_are_skipped(gateway: Gateway, slack: Provider) -> None:
    ts = b"4102444800.000100"
    ours = b'{"ts": "' + ts + b'", "metadata": {"event_payload": {"key": "page:1"}}}'
    others = b'{"ts": "4102444801.0", "metadata": null}, {"ts": "4102444800.5", "metadata": {"event_payload": null}}'
    slack.answers(200, b'{"ok": true, "messages": [' + others + b", " + ours + b'], "response_metadata": null}')

    found = await gateway.find_posted("D1", "page:1", since=datetime.now(UTC))
    assert found and found.ts == ts.decode()


@pytest.mark.parametrize("date", ["Fri, 01 Jan 2100 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT"])
async def test_a_proxys_date_header_hides_no_message(gateway: Gateway, slack: Provider, date: str) -> None:
    ts = f"{datetime.now(UTC).timestamp():.6f}"
    ours = f'{{"ts": "{ts}", "metadata": {{"event_payload": {{"key": "page:1"}}}}}}'
    slack.answers(200, f'{{"ok": true, "messages": [{ours}]}}'.encode(), Date=date)

    found = await gateway.find_posted("D1", "page:1", since=datetime.now(UTC))
    assert found and found.ts == ts


@pytest.mark.parametrize(("asked", "waits_s"), [("0", 1), ("-1", 1), ("abc", 1), ("", 1), ("nan", 1), ("86400", 60)])
async def test_a_retry_after_is_respected_whatever_clock_is_set(slack: Provider, asked: str, waits_s: float) -> None:
    counter = 1000.0
    clock = Clock(steady=lambda: counter)
    slack.answers(429, b'{"ok": false, "error": "ratelimited"}', **{"Retry-After": asked})
    async with http_client() as session:
        gateway = Gateway(session, clock, token="xoxb-1", base_url=f"{slack.url}/api/")
        with pytest.raises(RateLimited):
            await gateway.post("C1", message("Declared"))
        # Setting the database's clock must not hold a page back for an hour.
        clock.correct(clock.now() - timedelta(hours=1))
        with pytest.raises(Held) as held:
            await gateway.post("C1", message("Declared"))
        assert held.value.retry_after == timedelta(seconds=waits_s)
        counter += waits_s
        slack.answers(200, b'{"ok": true, "channel": "C1", "ts": "1.0"}')
        assert str(await gateway.post("C1", message("Declared"))) == "C1/1.0"
