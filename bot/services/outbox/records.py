"""Writes down what became of what was sent, whatever happens meanwhile to the database."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.clock import Clock
from bot.domain.errors import Unanswered, Unreachable
from bot.services.outbox.batching import Batching
from bot.services.outbox.kinds import DeliveryKind, Ended, Outcome
from bot.store.database import Database
from bot.store.outbox import outbox
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

RECORD_AGAIN_AFTER_S = 0.5
# When it is a fault of ours that keeps it from being written down, which time alone does not mend.
LONGEST_WAIT_S = 60.0


class Records:
    """That something was accepted is written down whoever has claimed it since; any other outcome only while its claim
    is ours."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._kinds: dict[str, DeliveryKind] = {}
        self._batching: dict[DeliveryKind, Batching[Ended, bool]] = {}

    def of(self, kind: str, delivery_kind: DeliveryKind) -> None:
        """What follows from the outcomes of this kind is its business."""
        self._kinds[kind] = delivery_kind
        if delivery_kind.batch > 1:
            self._batching[delivery_kind] = Batching(partial(self._close, delivery_kind), limit=delivery_kind.batch)

    async def keep(self, delivery: Delivery, outcome: Outcome) -> bool:
        """It has been sent: the database must learn of it, however long it is away, and whatever follows fails.

        Returns whether another waits for its turn in the same lane.
        """
        outcome = _legible(outcome)
        delivery_kind, wait_s = self._kinds.get(delivery.kind), RECORD_AGAIN_AFTER_S
        try:
            while True:
                try:
                    return await self._write_down(delivery_kind, delivery, outcome)
                except (Unanswered, Unreachable):
                    await asyncio.sleep(RECORD_AGAIN_AFTER_S)
                except Exception:
                    log.exception("delivery=%s kind=%s what follows is not recorded", delivery.id, delivery.kind)
                    if delivery_kind is None and outcome.state != "sent":
                        # Nothing is lost: somebody claims it again.
                        return True
                    if delivery_kind is None:
                        await asyncio.sleep(wait_s)
                        wait_s = min(wait_s * 2, LONGEST_WAIT_S)
                    delivery_kind = None
        except asyncio.CancelledError:
            log.error("delivery=%s kind=%s %s is not written down", delivery.id, delivery.kind, outcome.state)
            raise

    async def _write_down(self, delivery_kind: DeliveryKind | None, delivery: Delivery, outcome: Outcome) -> bool:
        if outcome.state == "waiting":
            async with self._db.transaction() as conn:
                if await self._put_back(conn, delivery, outcome) and delivery_kind:
                    await delivery_kind.recorded(conn, delivery, outcome)
            return False
        if delivery_kind in self._batching:
            return await self._batching[delivery_kind].ask((delivery, outcome))
        return (await self._close(delivery_kind, [(delivery, outcome)]))[0]

    async def _close(self, delivery_kind: DeliveryKind | None, ended: Sequence[Ended]) -> Sequence[bool]:
        now = self._clock.now()
        if delivery_kind is None or type(delivery_kind).recorded is DeliveryKind.recorded:
            async with self._db.statement() as conn:
                ours = await outbox.close(conn, ended, now=now)
        else:
            async with self._db.transaction() as conn:
                ours = await outbox.close(conn, ended, now=now)
                await delivery_kind.all_recorded(conn, [one for one in ended if one[0].id in ours])
        return [ours.get(delivery.id, False) for delivery, _ in ended]

    async def _put_back(self, conn: Connection, delivery: Delivery, outcome: Outcome) -> bool:
        now = self._clock.now()
        due_at = now if outcome.is_there and await outcome.is_there(conn) else outcome.again_at
        assert due_at is not None
        return await outbox.postpone(
            conn, delivery, now=now, due_at=due_at, error=outcome.error or "", unsure=outcome.unsure
        )


def _legible(outcome: Outcome) -> Outcome:
    """What somebody else's server says may hold what no row can."""
    return replace(outcome, reference=_as_text(outcome.reference), error=_as_text(outcome.error))


def _as_text(words: str | None) -> str | None:
    return None if words is None else words.replace("\0", "").encode("utf-8", "replace").decode()
