"""Records the outcomes of attempts, however long the database is away meanwhile."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Unanswered, Unreachable
from bot.services.outbox.batching import Batching
from bot.services.outbox.kinds import DeliveryKind, Ended, Outcome, as_text
from bot.store.database import Database
from bot.store.outbox import outbox
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

RECORD_AGAIN_AFTER_S = 0.5
# For a bug of ours that prevents recording, which time alone doesn't fix.
LONGEST_WAIT_S = 60.0


class Records:
    """Records an acceptance whoever holds the claim by now; any other outcome only while the claim is still ours."""

    def __init__(self, db: Database, clock: Clock, kinds: Mapping[str, DeliveryKind[Any]]) -> None:
        self._db = db
        self._clock = clock
        self._kinds = kinds
        self._batching: dict[DeliveryKind[Any], Batching[Ended, bool]] = {}

    async def keep(self, delivery: Delivery, outcome: Outcome[Any]) -> bool:
        """Record the outcome, however long the database is away, and even if what follows from it fails.

        Returns whether another delivery waits for its turn in the same lane.
        """
        outcome = replace(outcome, error=as_text(outcome.error) if outcome.error else None)
        delivery_kind, wait_s = self._kinds.get(delivery.kind), RECORD_AGAIN_AFTER_S
        try:
            while True:
                try:
                    return await self._tried_twice(delivery_kind, delivery, outcome)
                except (Unanswered, Unreachable):
                    await asyncio.sleep(RECORD_AGAIN_AFTER_S)
                except Exception:
                    log.exception("delivery=%s kind=%s what follows is not recorded", delivery.id, delivery.kind)
                    if delivery_kind is None and outcome.state != "sent":
                        # Nothing is lost: another process claims it again.
                        return True
                    if delivery_kind is None:
                        await asyncio.sleep(wait_s)
                        wait_s = min(wait_s * 2, LONGEST_WAIT_S)
                    delivery_kind = None
        except asyncio.CancelledError:
            log.error("delivery=%s kind=%s %s is not written down", delivery.id, delivery.kind, outcome.state)
            raise

    async def _tried_twice(
        self, delivery_kind: DeliveryKind[Any] | None, delivery: Delivery, outcome: Outcome[Any]
    ) -> bool:
        """Retry once. A bug of ours fails again; a statement broken by a pooler in transaction mode seldom does, and a
        room that is never recorded would leave all that waits for it waiting for good."""
        try:
            return await self._write_down(delivery_kind, delivery, outcome)
        except (Unanswered, Unreachable):
            raise
        except Exception:
            log.warning("delivery=%s kind=%s failed, recording again", delivery.id, delivery.kind, exc_info=True)
            await asyncio.sleep(RECORD_AGAIN_AFTER_S)
            return await self._write_down(delivery_kind, delivery, outcome)

    async def _write_down(
        self, delivery_kind: DeliveryKind[Any] | None, delivery: Delivery, outcome: Outcome[Any]
    ) -> bool:
        if outcome.state == "waiting":
            async with self._db.transaction() as conn:
                if await self._put_back(conn, delivery, outcome) and delivery_kind:
                    await delivery_kind.recorded(conn, delivery, outcome)
            return False
        if delivery_kind and delivery_kind.batch > 1:
            return await self._batch(delivery_kind).ask((delivery, outcome))
        return (await self._close(delivery_kind, [(delivery, outcome)]))[0]

    def _batch(self, delivery_kind: DeliveryKind[Any]) -> Batching[Ended, bool]:
        if delivery_kind not in self._batching:
            self._batching[delivery_kind] = Batching(partial(self._close, delivery_kind), limit=delivery_kind.batch)
        return self._batching[delivery_kind]

    async def _close(self, delivery_kind: DeliveryKind[Any] | None, ended: Sequence[Ended]) -> Sequence[bool]:
        now = self._clock.now()
        if delivery_kind is None or type(delivery_kind).recorded is DeliveryKind.recorded:
            async with self._db.statement() as conn:
                ours = await outbox.close(conn, ended, now=now)
        else:
            async with self._db.transaction() as conn:
                ours = await outbox.close(conn, ended, now=now)
                await delivery_kind.all_recorded(conn, [one for one in ended if one[0].id in ours])
        return [ours.get(delivery.id, False) for delivery, _ in ended]

    async def _put_back(self, conn: Connection, delivery: Delivery, outcome: Outcome[Any]) -> bool:
        now = self._clock.now()
        due_at = now if outcome.is_there and await outcome.is_there(conn) else outcome.again_at
        assert due_at is not None
        return await outbox.postpone(
            conn, delivery, now=now, due_at=due_at, error=outcome.error or "", unsure=outcome.unsure,
            was_tried=outcome.was_tried, put_off=outcome.put_off,
        )  # fmt: skip
