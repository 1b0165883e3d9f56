"""What leaves over HTTP leaves in time or not at all."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.domain.errors import TocsinError
from bot.outgoing import TooLate, at_leaving, http_client, only_before


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
async def test_a_request_whose_time_ends_before_it_is_written_is_not_sent(
    provider: tuple[Provider, str], body: str | None, looks: int
) -> None:
    """`looks`: so often there was still time, so that it also ends between the request's head and its body."""
    received, url = provider
    answers = iter([False] * (looks if body else 0))
    async with http_client() as client:
        with only_before(lambda: next(answers, True)), pytest.raises(TooLate):
            await client.post(url, data=body)
        assert received.bodies == []

        async with client.post(url, data="another") as answer:
            assert answer.status == 200
        assert received.bodies == ["another"]


async def test_a_request_that_is_in_time_is_sent(provider: tuple[Provider, str]) -> None:
    received, url = provider
    async with http_client() as client:
        with only_before(lambda: False):
            await client.post(url, data="a page")
    assert received.bodies == ["a page"]


async def test_that_a_request_leaves_is_told_when_it_is_on_the_line_and_not_when_it_is_too_late(
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
    """Somebody has answered meanwhile."""


async def test_who_finds_at_the_last_moment_that_it_is_not_wanted_keeps_it_from_leaving(
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
