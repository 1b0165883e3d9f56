"""Pages by webhook: what is posted, how it is signed, and a page's state after each answer."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.clock import Clock
from bot.domain.errors import Failed, Rejected, Throttled, Unanswered, Unreachable
from bot.domain.paging.page import Page
from bot.pagers.webhook import WebhookPager
from bot.rendering import Rendering
from bot.runbook import Runbook, read
from bot.wire.http_client import http_client
from bot.wire.webhooks import Hooks, key_for, written
from tests.pagers.conftest import IMPATIENT, NOON, Calling
from tests.pagers.conftest import RUNBOOK as TEAM
from tests.provider import NO_ANSWERS, Provider, provider

ROOT = b"the root of every key"
TO_BEN = {"person": "ben", "via": "webhook"}
# A user's own receiver need not answer with a body.
YES = [(200, b""), (200, b"[]")]


@pytest.fixture
async def receiver() -> AsyncIterator[Provider]:
    async with provider() as one:
        yield one


@pytest.fixture
def runbook(receiver: Provider) -> Runbook:
    return read(TEAM.replace("ben@example.com", f'ben@example.com, webhook: "{receiver.url}/page/s3cret"'), {})


@pytest.fixture
async def pager(clock: Clock, rendering: Rendering, runbook: Runbook, timeout_s: float) -> AsyncIterator[WebhookPager]:
    async def keys_of(url: str) -> list[bytes]:
        return [key_for(ROOT, url)]

    async with http_client() as session:
        yield WebhookPager(Hooks(session, clock, keys_of, timeout_s=timeout_s), rendering, runbook, link_to)


async def link_to(page: Page) -> str | None:
    return f"https://tocsin.example.com/ack/{page.id}"


async def test_a_page_says_what_is_wrong_who_is_paged_and_how_to_acknowledge(
    pager: WebhookPager, receiver: Provider, calling: Calling
) -> None:
    receiver.answers(200, b'{"id": "evt_1"}')

    assert await pager.page(calling(**TO_BEN, reason="You know the gateway")) == "HTTP 200 evt_1"
    (request,) = receiver.received
    assert request.path == "/page/s3cret"
    body = request.json
    assert body["text"] == "P1: Payments failing (INC-12)"
    assert body["person"] == {"key": "ben", "name": "Ben Moss"}
    assert body["incident"]["ref"] == "INC-12"
    assert body["incident"]["severity_name"] == "Critical"
    assert body["page"] == {
        "id": f"7.{NOON.timestamp():.0f}", "tier": "oncall", "tier_name": "On-call Engineer",
        "reason": "You know the gateway", "late": False, "due_at": "2026-08-08T12:00:00+00:00",
    }  # fmt: skip
    assert body["acknowledge_url"] == "https://tocsin.example.com/ack/7"


async def test_a_private_incidents_page_says_so_in_its_text_and_a_field(
    pager: WebhookPager, receiver: Provider, calling: Calling
) -> None:
    receiver.answers(200)
    await pager.page(calling(**TO_BEN, incident={"private": True}))

    body = receiver.received[0].json
    assert body["text"] == "P1, private: Payments failing (INC-12)"
    assert body["incident"]["private"] is True


async def test_a_webhook_is_signed_over_its_key_timestamp_and_body(
    pager: WebhookPager, receiver: Provider, calling: Calling
) -> None:
    await pager.page(calling(**TO_BEN))

    (request,) = receiver.received
    told = written(key_for(ROOT, f"{receiver.url}/page/s3cret"))
    signed = f"{request.headers['Webhook-Id']}.{request.headers['Webhook-Timestamp']}.".encode() + request.body
    mac = hmac.new(base64.b64decode(told.removeprefix("whsec_")), signed, hashlib.sha256)
    assert request.headers["Webhook-Signature"] == f"v1,{base64.b64encode(mac.digest()).decode()}"
    assert request.headers["Webhook-Timestamp"] == str(int(NOON.timestamp()))


def test_the_receiver_at_one_url_cannot_sign_for_another() -> None:
    assert key_for(ROOT, "https://example.com/a") != key_for(ROOT, "https://example.com/b")


async def test_a_repeat_has_the_first_ones_key_and_a_page_of_a_new_database_has_another(
    pager: WebhookPager, receiver: Provider, calling: Calling
) -> None:
    await pager.page(calling(**TO_BEN))
    await pager.page(calling(**TO_BEN, unsure=True))
    await pager.page(calling(**TO_BEN, due_at=NOON + timedelta(days=30)))

    first, repeat, other = [request.headers["Idempotency-Key"] for request in receiver.received]
    assert first == repeat == f"page-7.{NOON.timestamp():.0f}"
    assert other != first


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Unanswered), (400, Rejected), (401, Rejected), (404, Rejected), (410, Rejected), (407, Unanswered),
        (408, Unanswered), (425, Unanswered), (500, Unanswered), (502, Unanswered), (503, Unanswered),
        (429, Throttled),
    ],
)  # fmt: skip
async def test_only_a_2xx_counts_as_accepted(
    pager: WebhookPager, receiver: Provider, calling: Calling, status: int, kind: type[Failed]
) -> None:
    receiver.answers(status, Location="https://elsewhere.example.com")

    with pytest.raises(kind, match=f"^the webhook of Ben Moss says {status}$"):
        await pager.page(calling(**TO_BEN))
    assert len(receiver.received) == 1, "nothing is sent again by itself, and no redirect is followed"


@pytest.mark.parametrize(("status", "body"), [one for one in NO_ANSWERS if one not in YES])
async def test_a_proxys_answer_leaves_the_outcome_unknown(
    pager: WebhookPager, receiver: Provider, calling: Calling, status: int, body: bytes
) -> None:
    receiver.answers(status, body)

    with pytest.raises(Unanswered, match=f"^the webhook of Ben Moss says {status}"):
        await pager.page(calling(**TO_BEN))


@pytest.mark.parametrize(("status", "body"), [*YES, (200, b"ok"), (201, b"<xml/>"), (204, b"")])
async def test_a_success_needs_no_body(
    pager: WebhookPager, receiver: Provider, calling: Calling, status: int, body: bytes
) -> None:
    receiver.answers(status, body)

    assert await pager.page(calling(**TO_BEN)) == f"HTTP {status}"


async def test_a_410_needs_no_body_either(pager: WebhookPager, receiver: Provider, calling: Calling) -> None:
    receiver.answers(410, b"")

    with pytest.raises(Rejected):
        await pager.page(calling(**TO_BEN))


@pytest.mark.parametrize(
    ("status", "asked", "wait"),
    [
        (429, "7", timedelta(seconds=7)),
        (503, "7", timedelta(seconds=7)),
        (429, "Sat, 08 Aug 2026 12:02:00 GMT", timedelta(minutes=2)),
        (429, "soon", None),
        (429, "-5", timedelta(seconds=1)),
        (429, "86400", timedelta(minutes=5)),
        (429, "1e300", None),
        (429, "nan", None),
    ],
)
async def test_a_receivers_retry_after_is_respected_within_limits(
    pager: WebhookPager, receiver: Provider, calling: Calling, status: int, asked: str, wait: timedelta | None
) -> None:
    receiver.answers(status, Retry_After=asked)

    with pytest.raises(Throttled) as refusal:
        await pager.page(calling(**TO_BEN))
    assert refusal.value.retry_after == wait


@IMPATIENT
async def test_a_silent_receiver_may_have_accepted_the_page(
    pager: WebhookPager, receiver: Provider, calling: Calling
) -> None:
    receiver.hangs = True

    with pytest.raises(Unanswered, match="did not answer"):
        await pager.page(calling(**TO_BEN))


async def test_an_unreachable_receiver_has_accepted_nothing(
    pager: WebhookPager, clock: Clock, rendering: Rendering, calling: Calling
) -> None:
    gone = read(TEAM.replace("ben@example.com", 'ben@example.com, webhook: "http://127.0.0.1:9/page/s3cret"'), {})
    call = calling(**TO_BEN)

    with pytest.raises(Unreachable, match=r"^the webhook of Ben Moss cannot be reached: \w") as failure:
        await pager.page(type(call)(call.page, call.incident, gone.people["ben"], unsure=False))
    assert "s3cret" not in str(failure.value)


def test_only_people_with_a_webhook_are_paged_by_it_and_the_page_does_not_store_its_secret(
    pager: WebhookPager, runbook: Runbook, receiver: Provider
) -> None:
    assert pager.contact(runbook.people["ada"]) is None
    assert pager.contact(runbook.people["ben"]) == f"{receiver.url}/…"
