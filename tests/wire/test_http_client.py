"""An HTTP request leaves in time or not at all."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.errors import Held, Rejected, TocsinError
from bot.wire.answers import Answer, date_of, date_read
from bot.wire.http_client import TooLate, ask, at_leaving, http_client, only_before
from bot.wire.turns import in_turn


class Provider:
    def __init__(self) -> None:
        self.bodies: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.text())
        return web.json_response({})


@pytest.fixture
async def provider() -> AsyncIterator[tuple[Provider, str]]:
    provider = Provider()
    application = web.Application()
    application.router.add_post("/", provider.answer)
    async with TestServer(application) as server:
        yield provider, str(server.make_url("/"))


@pytest.mark.parametrize("body", [None, "a page"])
@pytest.mark.parametrize("looks", [0, 1])
async def test_a_request_whose_deadline_passes_before_it_is_written_is_not_sent(
    provider: tuple[Provider, str], body: str | None, looks: int
) -> None:
    """`looks`: how many checks still found time left, so that it can also end between head and body."""
    received, url = provider
    answers = iter([False] * (looks if body else 0))
    async with http_client() as client:
        with only_before(lambda: next(answers, True)), pytest.raises(TooLate):
            await client.post(url, data=body)
        assert received.bodies == []

        async with client.post(url, data="another") as answer:
            assert answer.status == 200
        assert received.bodies == ["another"]


async def test_a_request_before_its_deadline_is_sent(provider: tuple[Provider, str]) -> None:
    received, url = provider
    async with http_client() as client:
        with only_before(lambda: False):
            await client.post(url, data="a page")
    assert received.bodies == ["a page"]


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example"])
async def test_an_invalid_host_name_means_that_nothing_was_sent(host: str) -> None:
    async with http_client() as client:
        with pytest.raises(Rejected, match="cannot be used"):
            await ask(client, "POST", f"https://{host}/", whose="the webhook")


async def test_a_request_held_back_for_another_ones_probe_is_not_sent(provider: tuple[Provider, str]) -> None:
    def wait() -> None:
        raise Held("another one tries for all", timedelta(seconds=1))

    received, url = provider
    async with http_client() as client:
        with in_turn(wait), pytest.raises(Held):
            await ask(client, "POST", url, whose="the provider", data="a page")
        await ask(client, "POST", url, whose="the provider", data="another")
    assert received.bodies == ["another"]


async def test_the_leaving_callback_runs_when_a_request_is_written_and_not_when_it_is_too_late(
    provider: tuple[Provider, str],
) -> None:
    _, url = provider
    told: list[str] = []
    async with http_client() as client:
        at_leaving(lambda: told.append("left"))
        with only_before(lambda: True), pytest.raises(TooLate):
            await client.post(url, data="a page")
        assert told == []

        async with client.post(url, data="a page"):
            assert told == ["left"]


class Answered(TocsinError):
    """Somebody has acknowledged meanwhile."""


async def test_the_last_look_before_the_first_byte_can_keep_a_request_from_leaving(
    provider: tuple[Provider, str],
) -> None:
    received, url = provider

    async def ask() -> None:
        raise Answered

    async with http_client() as client:
        at_leaving(lambda: None, ask)
        with pytest.raises(Answered):
            await client.post(url, data="a page")
    assert received.bodies == []


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><title>Log in</title>",
        b"\xef\xbb\xbf\r\n<HTML>",
        b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
        b"<!-- gateway 7 -->\n<html>",
        b'<head><meta http-equiv="refresh" content="0; url=/login"></head>',
        b"<script>location = '/login'</script>",
    ],
)
def test_a_web_page_is_recognised_however_it_begins(body: bytes) -> None:
    assert Answer(200, {}, body).is_web_page


@pytest.mark.parametrize("body", [b"", b"ok", b'{"text": "<html>"}', b'<?xml version="1.0"?><taken id="7"/>', b"<3"])
def test_a_receivers_answer_is_not_taken_for_a_web_page(body: bytes) -> None:
    assert not Answer(200, {}, body).is_web_page


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 06 Aug 99999999999 13:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -1200",
        f"Thu, 06 Aug 2026 {'9' * 20}:00:00 GMT",
        "",
    ],
)
def test_a_date_outside_the_calendar_is_ignored(date: str) -> None:
    assert date_of(Answer(200, {"Date": date}, b"")) is None


@pytest.mark.parametrize("zone", ["", " -0000", " GMT", " +0000"])
def test_a_date_without_a_zone_is_in_utc_whatever_ours_is(zone: str) -> None:
    assert date_read(f"Thu, 06 Aug 2026 13:00:00{zone}") == datetime(2026, 8, 6, 13, tzinfo=UTC)
