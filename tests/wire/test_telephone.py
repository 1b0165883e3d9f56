"""Outgoing texts and calls: the requests to Twilio, and what each of its answers means."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from bot.clock import Clock
from bot.domain.errors import Failed, Rejected, Throttled, Unanswered, Unreachable
from bot.settings import Twilio
from bot.wire.http_client import http_client
from bot.wire.telephone import Telephone, segments
from tests.provider import NO_ANSWERS, Provider, provider

ADA, TOKEN = "+447700900001", "s3cret"
NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)


@pytest.fixture
async def twilio() -> AsyncIterator[Provider]:
    async with provider() as one:
        yield one


@pytest.fixture
async def telephone(twilio: Provider) -> AsyncIterator[Telephone]:
    async with http_client() as session:
        account = Twilio("AC1", SecretStr(TOKEN), "+447700900999", twilio.url)
        yield Telephone(account, session, Clock(), timeout_s=30)


@pytest.mark.parametrize(
    ("status", "code", "kind", "said"),
    [
        (400, 21211, Rejected, "Twilio says 400 21211 why"),
        (400, 21610, Rejected, "asked for no more texts"),
        (401, 20003, Unreachable, "Twilio refuses TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN"),
        (429, 20429, Throttled, "Twilio says 429"),
        (500, 20500, Unanswered, "Twilio says 500"),
        (503, None, Unanswered, "Twilio says 503"),
    ],
)
async def test_only_a_success_response_counts_as_accepted(
    telephone: Telephone, twilio: Provider, status: int, code: int | None, kind: type[Failed], said: str
) -> None:
    twilio.answers(status, json.dumps({"code": code, "message": "why", "status": status}).encode())

    with pytest.raises(kind, match=said) as failure:
        await telephone.text(ADA, "P1", about="1.2")
    assert TOKEN not in str(failure.value)
    assert len(twilio.received) == 1


@pytest.mark.parametrize(("status", "body"), [*NO_ANSWERS, (400, b"{}"), (401, b"{}"), (403, b'{"code": 20003}')])
async def test_an_answer_that_is_not_twilios_leaves_the_outcome_unknown(
    telephone: Telephone, twilio: Provider, status: int, body: bytes
) -> None:
    twilio.answers(status, body)

    with pytest.raises(Unanswered):
        await telephone.text(ADA, "P1", about="1.2")
    with pytest.raises(Unanswered):
        await telephone.made("Messages", ADA, NOON)
    with pytest.raises(Unanswered):
        await telephone.check()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"sid": 7}', b"<html>"])
async def test_a_success_without_a_reference_leaves_the_outcome_unknown(
    telephone: Telephone, twilio: Provider, body: bytes
) -> None:
    twilio.answers(201, body)

    with pytest.raises(Unanswered):
        await telephone.text(ADA, "P1", about="1.2")


async def test_unreadable_entries_of_a_list_are_skipped(telephone: Telephone, twilio: Provider) -> None:
    twilio.answers(200, b'{"messages": [{"sid": "SM1", "date_created": "never"}, 7], "calls": []}')

    (listed,) = await telephone.made("Messages", ADA, NOON)
    assert (listed.sid, listed.body, listed.made_at) == ("SM1", "", None)
    assert await telephone.made("Calls", ADA, NOON) == []


async def test_entries_of_a_list_from_before_the_given_time_are_skipped(telephone: Telephone, twilio: Provider) -> None:
    made = ("Sat, 08 Aug 2026 11:59:59 +0000", "Sat, 08 Aug 2026 12:00:00 +0000")
    rows = [{"sid": f"CA{number}", "date_created": at} for number, at in enumerate(made)]
    twilio.answers(200, json.dumps({"calls": rows}).encode())

    assert [one.sid for one in await telephone.made("Calls", ADA, NOON)] == ["CA1"]


def test_the_token_is_not_shown() -> None:
    assert TOKEN not in repr(Twilio("AC1", SecretStr(TOKEN), "+447700900999", "https://api.twilio.com"))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("é" * 160, 1), ("€" * 80, 1),
        ("€" * 81, 2), ("ж" * 70, 1), ("ж" * 71, 2), ("🔔" * 35, 1), ("🔔" * 36, 2),
        ("a" * 69 + "…", 1), ("a" * 70 + "…", 2),
    ],
)  # fmt: skip
def test_a_text_is_counted_in_the_segments_it_is_sent_in(text: str, number: int) -> None:
    assert segments(text) == number
