"""What leaves the house is put in here, within the transaction of the deed that wants it."""

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
    """Put in within the transaction of a deed; carried after its commit, by any process."""

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
        """`key`: while one with this key waits, another is the same. `lane`: one after the other, in order.

        `way`: by whom it leaves. `not_before`: it waits for that, and is tried for as long as if it were put in then.
        """
        await outbox.put(
            conn, kind, payload, now=self._clock.now(), priority=priority, key=key, lane=lane, way=way, due_at=due_at,
            not_before=not_before,
        )  # fmt: skip

    def waited(self, delivery: Delivery) -> timedelta:
        """For how long it has been here."""
        return self._clock.now() - delivery.created_at

    def has_places(self, way: str, count: int) -> bool:
        """May so many pages be put in hand that leave by this way?"""
        return self._carrier.has_places(way, count)

    def held_by(self, way: str) -> str | None:
        """Why nothing leaves by this way before another one gets through; None: it may."""
        return self._carrier.limits.why(way)

    def put_in_hand(self, conn: Connection, kind: str, given: Sequence[InHand]) -> None:
        """As `put`, of what cannot wait to be claimed: that is done by putting it in, and it is begun after the commit.

        When the commit's outcome is unknown, whatever was committed is let go as soon as the database answers.
        """
        now, holder = self._clock.now(), self._db.process
        on_unknown = partial(self._carrier.let_go, kind, given)
        outbox.put_in_hand(
            conn, kind, given, self._carrier.begin, on_unknown, now=now, lease_until=now + LEASE, holder=holder
        )

    async def wake(self, conn: Connection, kinds: list[str], payload: Mapping[str, Any]) -> None:
        """What these kinds have been waiting for is there: those with this payload are due now.

        For a transaction that puts in nothing with a key: it holds what it wakes, and keys are written last.
        """
        await outbox.bring_forward(conn, kinds, payload, self._clock.now())

    async def wake_after(self, conn: Connection, kinds: list[str], payload: Mapping[str, Any]) -> None:
        """As `wake`, in a transaction of its own after this one: two that hold what waits and put in the same keys
        would wait for each other."""
        await self.put(conn, "wake", {"kinds": kinds, "waiting": payload}, priority=ROOM, way="house")
