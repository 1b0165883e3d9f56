"""Re-enqueueing a delivery that shows a state: the newest state is never delayed by an older one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.store.database import Database
from bot.store.outbox import outbox
from bot.store.outbox.outbox import Delivery

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
A_SECOND, A_MINUTE, AN_HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Card:
    db: Database
    now: datetime = NOON

    async def touched(self, *, later: timedelta = timedelta(0)) -> None:
        async with self.db.transaction() as conn:
            due_at = self.now + later
            await outbox.put(conn, "card", {"card": "x"}, now=self.now, priority=3, key="card x", due_at=due_at)

    async def claimed(self) -> Delivery:
        async with self.db.statement() as conn:
            believed = (await self.db.server_time())["now"]
            found = await outbox.claim(
                conn, now=self.now, lease_until=self.now + A_MINUTE, lowest=5, free=9, believed=believed
            )
        [claimed] = found.claimed
        return claimed

    async def put_back(self, claimed: Delivery, due_at: datetime, *, was_tried: bool) -> None:
        async with self.db.transaction() as conn:
            assert await outbox.postpone(
                conn, claimed, now=self.now, due_at=due_at, error="held", unsure=False, was_tried=was_tried
            )

    async def was_held(self, delivery: int) -> bool:
        async with self.db.statement() as conn:
            row = await (await conn.execute(b"SELECT was_held FROM outbox WHERE id = %s", (delivery,))).fetchone()
        assert row is not None
        return bool(row["was_held"])

    async def due(self) -> datetime | None:
        async with self.db.statement() as conn:
            return await outbox.next_due(conn, self.now)


@pytest.fixture
async def card(database: str) -> AsyncIterator[Card]:
    db = Database(database)
    await db.open()
    yield Card(db)
    await db.close()


@pytest.mark.parametrize("was_tried", [True, False])
async def test_a_delivery_put_back_is_not_delayed_by_a_less_urgent_repeat(card: Card, was_tried: bool) -> None:
    await card.touched()
    claimed = await card.claimed()
    await card.touched(later=5 * A_MINUTE)
    await card.put_back(claimed, NOON + A_SECOND, was_tried=was_tried)
    assert await card.due() == NOON + A_SECOND


async def test_a_newer_state_does_not_inherit_the_rate_limit_wait_of_an_older_one(card: Card) -> None:
    await card.touched()
    claimed = await card.claimed()
    await card.touched()
    await card.put_back(claimed, NOON + A_MINUTE, was_tried=False)
    assert await card.due() == NOON
    assert not await card.was_held((await card.claimed()).id)


async def test_hours_in_a_queue_do_not_count_as_hours_of_trying(card: Card) -> None:
    await card.touched()
    for _ in range(7):
        claimed = await card.claimed()
        assert card.now - claimed.tried_since <= AN_HOUR
        await card.put_back(claimed, card.now + AN_HOUR, was_tried=False)
        card.now += AN_HOUR


async def test_a_delivery_re_enqueued_after_hours_of_failing_is_retried_for_its_full_time(card: Card) -> None:
    await card.touched()
    claimed = await card.claimed()
    await card.put_back(claimed, NOON + 7 * AN_HOUR, was_tried=True)
    card.now += 7 * AN_HOUR - A_SECOND
    await card.touched()
    card.now += A_SECOND
    assert card.now - (await card.claimed()).tried_since == A_SECOND
