"""Key rotation: which keys sign, which verify, and what is logged."""

import base64
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.services.paging.keyring import LINKS, WEBHOOK, Keyring
from bot.store import audit
from bot.store.database import Database
from bot.wire.http_client import http_client
from bot.wire.webhooks import Hooks
from tests.provider import provider

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
URL = "https://example.com/a"
DAY, MOMENT = timedelta(hours=24), timedelta(milliseconds=1)


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.freeze(NOON)
    return clock


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    db = Database(database)
    await db.open()
    yield db
    await db.close()


async def test_for_a_day_webhooks_are_signed_with_both_keys_even_by_running_processes(
    db: Database, clock: Clock
) -> None:
    running, shell = Keyring(db, clock), Keyring(db, clock)
    former = await running.of_webhook(URL)
    assert await shell.rotate(WEBHOOK, at_once=False) == NOON + DAY
    both = await running.of_webhook(URL)
    assert both[1:] == former
    assert both[0] != former[0]

    clock.move(DAY - MOMENT)
    assert await running.of_webhook(URL) == both
    clock.move(MOMENT)
    assert await running.of_webhook(URL) == both[:1]


async def test_a_leaked_key_signs_nothing_once_rotated(db: Database, clock: Clock) -> None:
    running, shell = Keyring(db, clock), Keyring(db, clock)
    leaked = await running.of_webhook(URL)
    await shell.rotate(WEBHOOK, at_once=False)
    assert await shell.rotate(WEBHOOK, at_once=True) is None

    (key,) = await running.of_webhook(URL)
    assert [key] != leaked


async def test_every_rotation_is_in_the_audit_log_without_the_key(db: Database, clock: Clock) -> None:
    await Keyring(db, clock).rotate(LINKS, at_once=False)
    await Keyring(db, clock).rotate(WEBHOOK, at_once=True)

    async with db.statement() as conn:
        rows = await audit.newest(conn)
    assert [(row["deed"], row["subject"], row["facts"]) for row in rows] == [
        ("key.rotate", "webhook", {"former_until": None}),
        ("key.rotate", "links", {"former_until": "2026-08-15T12:00:00+00:00"}),
    ]


async def test_a_database_outage_delays_no_page_but_no_link_is_accepted(db: Database, clock: Clock) -> None:
    keyring = Keyring(db, clock)
    keys, link = await keyring.of_webhook(URL), await keyring.of_new_links()
    await db.close()

    assert await keyring.of_webhook(URL) == keys
    assert await keyring.of_new_links() == link
    with pytest.raises(Failed):
        await keyring.of_links()


async def test_after_a_rotation_a_webhook_carries_a_signature_by_each_key_separated_by_a_space(
    db: Database, clock: Clock
) -> None:
    keyring = Keyring(db, clock)
    await keyring.of_webhook(URL)
    await keyring.rotate(WEBHOOK, at_once=False)
    async with provider() as receiver, http_client() as session:
        receiver.answers(200)
        await Hooks(session, clock, keyring.of_webhook).post(receiver.url, {"a": 1}, key="7", whose="a webhook")
        (request,) = receiver.received
        signed = f"7.{NOON.timestamp():.0f}.".encode() + request.body
        expected = [
            "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
            for key in await keyring.of_webhook(receiver.url)
        ]
    assert len(expected) == 2
    assert request.headers["Webhook-Signature"].split(" ") == expected
