"""Updates by webhook: what is posted, how it is signed, and that a repeat is recognisable."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import Clock
from bot.domain.errors import Rejected, Throttled, Unanswered
from bot.domain.incidents.incident import Incident
from bot.publishers import Publication, Publisher, PublisherParts, on_the_shelf
from bot.runbook import Runbook, read
from bot.wire.webhooks import is_signed, key_for
from tests.provider import NO_ANSWERS, Provider, provider
from tests.publishers.conftest import NOON, ROOT, RUNBOOK, Publishing

WHERE = "https://example.com/…"


@pytest.fixture
async def receiver() -> AsyncIterator[Provider]:
    async with provider() as one:
        one.answers(200, b'{"id": "evt_1"}')
        yield one


@pytest.fixture
def runbook(receiver: Provider) -> Runbook:
    return read(f'{RUNBOOK}audiences: {{machines: {{webhook: "{receiver.url}/updates/s3cret"}}}}\n', {})


@pytest.fixture
def publisher(parts: PublisherParts) -> Publisher:
    return on_the_shelf(parts)["webhook"]


def to_machines(publishing: Publishing, **said: object) -> Publication:
    return publishing("webhook", WHERE, "machines", **said)


async def test_a_receiver_gets_the_incidents_status_and_the_text_meant_for_it(
    publisher: Publisher, receiver: Provider, publishing: Publishing
) -> None:
    update = to_machines(publishing, moment="update", status="identified", severity="P2")
    assert await publisher.publish(update) == "HTTP 200 evt_1"

    (request,) = receiver.received
    assert request.path == "/updates/s3cret"
    assert request.json == {
        "type": "incident.update",
        "timestamp": "2026-08-08T12:00:00+00:00",
        "organisation": "Example Tutors",
        "audience": "machines",
        "incident": {
            "ref": "INC-12", "severity": "P2", "severity_name": "High", "status": "identified",
            "declared_at": "2026-08-08T12:00:00+00:00",
        },
        "update": {"id": 31, "subject": "Payments fail", "text": "We're looking into it."},
    }  # fmt: skip
    assert is_signed(request.headers, [key_for(ROOT, f"{receiver.url}/updates/s3cret")], request.body)


async def test_a_repeat_has_the_first_ones_id_and_body_even_when_the_incident_has_changed(
    publisher: Publisher, receiver: Provider, publishing: Publishing, clock: Clock
) -> None:
    receiver.answers(500)
    with pytest.raises(Unanswered):
        await publisher.publish(to_machines(publishing))
    clock.move(timedelta(hours=1))
    receiver.answers(200)
    again = to_machines(publishing, unsure=True)
    assert isinstance(again.about, Incident)
    changed = replace(again.about, status="resolved", severity="P2", resolved_at=NOON)
    await publisher.publish(replace(again, about=changed))

    first, second = receiver.received
    assert first.headers["Webhook-Id"] == second.headers["Webhook-Id"]
    assert first.body == second.body


@pytest.mark.parametrize("status", [400, 404, 410])
async def test_only_the_receivers_own_4xx_is_a_refusal(
    publisher: Publisher, receiver: Provider, publishing: Publishing, status: int
) -> None:
    receiver.answers(status, b"{}")
    with pytest.raises(Rejected, match="the webhook of machines says") as refused:
        await publisher.publish(to_machines(publishing))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(("status", "body"), [one for one in NO_ANSWERS if one not in ((200, b""), (200, b"[]"))])
async def test_a_redirect_or_a_proxys_page_decides_nothing(
    publisher: Publisher, receiver: Provider, publishing: Publishing, status: int, body: bytes
) -> None:
    receiver.answers(status, body, Location="https://elsewhere.example.com/")
    with pytest.raises(Unanswered):
        await publisher.publish(to_machines(publishing))
    assert len(receiver.received) == 1


async def test_a_receivers_retry_after_is_respected(
    publisher: Publisher, receiver: Provider, publishing: Publishing
) -> None:
    receiver.answers(429, Retry_After="40")
    with pytest.raises(Throttled) as limited:
        await publisher.publish(to_machines(publishing))
    assert limited.value.retry_after == timedelta(seconds=40)


async def test_a_webhook_that_has_left_the_runbook_is_refused_by_name(
    parts: PublisherParts, receiver: Provider, publishing: Publishing
) -> None:
    without = on_the_shelf(replace(parts, runbook=read(RUNBOOK, {})))["webhook"]
    with pytest.raises(Rejected, match="no webhook of machines any more"):
        await without.publish(to_machines(publishing))
    assert receiver.received == []
