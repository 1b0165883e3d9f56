"""Providers that answer 429: one page is the probe, at the time they ask for; the others wait without an attempt."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from bot.domain.paging.page import Page
from tests.provider import Provider, Received, provider
from tests.stories.paging.test_mail_limits import all_pages, declared
from tests.stories.paging.test_providers import by_pagerduty, duty_settings
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

TOO_MANY = json.dumps({"code": 20429, "message": "Too Many Requests", "status": 429}).encode()
PEOPLE = 5


class Twilio(Provider):
    """Takes `allowed` texts and every call; answers 429 to every text after that, with `asks` as its Retry-After."""

    allowed = 1000
    asks: str | None = None

    async def answer(self, request: web.Request) -> web.Response:
        is_text = request.path.endswith("/Messages.json")
        self.received.append(Received(request.raw_path, dict(request.headers), await request.read()))
        if not is_text or self.allowed > 0:
            self.allowed -= is_text
            sid = f"{'SM' if is_text else 'CA'}{len(self.received):032}"
            return web.json_response({"sid": sid, "status": "queued"}, status=201)
        waits = {"Retry-After": self.asks} if self.asks else {}
        return web.Response(status=429, headers=waits, body=TOO_MANY)

    def asked(self, kind: str = "Messages") -> list[str]:
        """The numbers, in the order of the requests."""
        made = [one for one in self.received if one.path.endswith(f"/{kind}.json")]
        return [parse_qs(one.body.decode())["To"][0] for one in made]


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    one = Twilio()
    async with provider(one):
        yield one


@pytest.fixture
async def receiver() -> AsyncIterator[Provider]:
    async with provider() as one:
        yield one


def texting(twilio: Twilio) -> dict[str, str]:
    return {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "s3cret", "TWILIO_FROM": "+447700900999",
            "TWILIO_API_URL": twilio.url}  # fmt: skip


def on_call() -> str:
    """A runbook with five people on call, paged by text and by call."""
    numbers = range(PEOPLE)
    people = "".join(f'  p{one}: {{name: p{one}, phone: "+4477009001{one:02}"}}\n' for one in numbers)
    names = ", ".join(f"p{one}" for one in numbers)
    return RUNBOOK.replace("people:\n", f"people:\n{people}").replace(
        "who: [ada]}", f"who: [{names}], via: [sms, voice]}}"
    )


async def seen(world: World) -> tuple[dict[str, dict[str, str]], dict[str, float]]:
    """The limited ways, as `/readyz` and as `/metrics` report them."""
    async with aiohttp.ClientSession(f"http://127.0.0.1:{world.app.port}") as client:
        async with client.get("/readyz") as ready:
            shown = (await ready.json())["limited"]
        async with client.get("/metrics") as metrics:
            lines = (await metrics.text()).splitlines()
    name = "tocsin_limited_until_seconds"
    found = [line.removeprefix(name).rpartition(" ") for line in lines if line.startswith(name)]
    return shown, {labels: float(value) for labels, _, value in found}


async def texts(world: World, incident: int) -> list[Page]:
    return [page for page in await all_pages(world, incident) if page.via == "sms"]


async def test_a_429_for_a_text_holds_every_text_in_every_process_until_the_probe_gets_through_but_no_call(
    new_world: NewWorld, twilio: Twilio
) -> None:
    twilio.allowed, twilio.asks = 0, "7"
    async with new_world(runbook=on_call(), **texting(twilio)) as world, world.joined():
        await declared(world)
        told = len(twilio.asked())
        assert told <= PEOPLE and len(twilio.asked("Calls")) == PEOPLE
        assert "SMS not sent yet, tried 1× (Twilio says 429 20429 Too Many Requests)" in words_of(world.card())

        await declared(world, "Search failing")
        assert {page.attempts for page in await texts(world, 2)} == {0}
        waits = "SMS waiting to be sent (waits until another one gets through: Twilio says 429 20429 Too Many Requests)"
        assert waits in words_of(world.card("INC-2"))
        assert len(twilio.asked("Calls")) == 2 * PEOPLE

        await world.passes(seconds=5)
        assert len(twilio.asked()) == told, "it has asked for seven seconds, and gets them"
        twilio.asks = None
        await world.passes(seconds=2)
        assert len(twilio.asked()) == told + 1, "one tries for all"
        assert sum(page.attempts for page in await texts(world, 2)) == 1, "a newer page goes first"

        twilio.allowed = 1000
        await world.passes(seconds=20)
        every = [*await texts(world, 1), *await texts(world, 2)]
        assert {page.state for page in every} == {"accepted"}
        assert len(twilio.asked()) == sum(page.attempts for page in every), "who waits uses up no attempt"


async def test_pagerduty_and_a_webhook_that_answer_429_each_get_one_probe_when_their_limit_is_over(
    new_world: NewWorld, receiver: Provider
) -> None:
    receiver.answers(429, Retry_After="60")
    both = (
        by_pagerduty()
        .replace("via: [slack, pagerduty]", "via: [webhook, pagerduty]")
        .replace('phone: "+447700900001"', f'webhook: "{receiver.url}/page/s3cret"')
    )
    async with new_world(runbook=both, **duty_settings(receiver)) as world:
        began = world.clock.now()
        world.workspace.faults.limit("chat.update", retry_after=50)
        for title in ("Payments failing", "Search failing", "Login failing"):
            await declared(world, title)
        assert len(receiver.received) == 2, "one of each"
        shown, measured = await seen(world)
        assert shown.keys() == {"pagerduty", f"webhook {receiver.url}/…", "slack"}
        assert "PagerDuty says 429" in shown["pagerduty"]["said"] and "chat.update" in shown["slack"]["said"]
        assert datetime.fromisoformat(shown["pagerduty"]["until"]) == began + timedelta(minutes=1)
        assert measured['{way="pagerduty"}'] == began.timestamp() + 60
        receiver.answers(202)
        await world.passes(seconds=57)
        assert len(receiver.received) == 2
        await world.passes(seconds=3)
        made = [page for one in (1, 2, 3) for page in await all_pages(world, one) if page.via != "slack"]
        assert {page.state for page in made} == {"accepted"}
        assert len(receiver.received) == 2 + len(made)
        assert await seen(world) == ({}, {})
