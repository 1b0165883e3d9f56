"""Where deliveries are queued, within the transaction of the deed that wants them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.services.outbox.carrier import Carrier
from bot.services.outbox.kinds import ROOM
from bot.services.outbox.leases import LEASE
from bot.store.database import Database
from bot.store.outbox import outbox
from bot.store.outbox.outbox import Delivery, InHand
from bot.store.pipelined import Connection


class Outbox:
    """Queues deliveries within the deed's transaction; any process carries them after the commit."""

    def __init__(self, db: Database, clock: Clock, carrier: Carrier) -> None:
        self._db = db
        self._clock = clock
        self._carrier = carrier

    async def put(
        self,
        conn: Connection,
        kind: str,
        payload: Mapping[str, Any],
        *,
        priority: int,
        key: str | None = None,
        lane: str | None = None,
        way: str = "slack",
        due_at: datetime | None = None,
        not_before: datetime | None = None,
    ) -> None:
        """Queue a delivery. `key`: while one with this key waits, another replaces its contents instead of queueing
        twice. `lane`: deliveries of one lane leave one after the other, in order.

        `way`: by whom it leaves. `not_before`: it waits until then, and the time until we give up counts from then.
        """
        await outbox.put(
            conn, kind, payload, now=self._clock.now(), priority=priority, key=key, lane=lane, way=way, due_at=due_at,
            not_before=not_before,
        )  # fmt: skip

    def waited(self, delivery: Delivery) -> timedelta:
        """How long ago it was queued."""
        return self._clock.now() - delivery.created_at

    def has_places(self, way: str, count: int) -> bool:
        """May `count` pages by this way be put in hand?"""
        return self._carrier.has_places(way, count)

    def held_by(self, way: str) -> str | None:
        """Why nothing leaves by this way until its probe gets through; None: nothing holds it."""
        return self._carrier.limits.why(way)

    def put_in_hand(self, conn: Connection, kind: str, given: Sequence[InHand]) -> None:
        """As `put`, for deliveries that can't wait to be claimed: they are inserted as claimed by us and start after
        the commit.

        When the outcome of the commit is unknown, those that were committed are released as soon as the database
        answers.
        """
        now, holder = self._clock.now(), self._db.process
        on_unknown = partial(self._carrier.let_go, kind, given)
        outbox.put_in_hand(
            conn, kind, given, self._carrier.begin, on_unknown, now=now, lease_until=now + LEASE, holder=holder
        )

    async def wake(self, conn: Connection, kinds: list[str], payload: Mapping[str, Any]) -> None:
        """Make due the waiting deliveries of these kinds with this payload: what they waited for exists now.

        Only for a transaction that queues nothing with a key: this locks rows, and keyed rows are locked last.
        """
        await outbox.bring_forward(conn, kinds, payload, self._clock.now())

    async def wake_after(self, conn: Connection, kinds: list[str], payload: Mapping[str, Any]) -> None:
        """As `wake`, but in a transaction of its own after this one: two transactions that lock waiting rows and then
        queue the same keys would deadlock."""
        await self.put(conn, "wake", {"kinds": kinds, "waiting": payload}, priority=ROOM, way="house")
