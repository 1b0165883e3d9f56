"""Rate limits of a whole way: one delivery, the probe, tries for all, and the others wait for it."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Failed, Held, Throttled
from bot.services.outbox.kinds import LONGEST_BACKOFF, DeliveryKind, Outcome
from bot.store.database import Database
from bot.store.outbox import limits
from bot.store.outbox.limits import Pace
from bot.store.outbox.outbox import Delivery, Limit

log = logging.getLogger(__name__)

# Most limits are counted by the minute. Asking again sooner may start the other side's count anew.
PACE = Pace(first=timedelta(seconds=5), longest=LONGEST_BACKOFF, remembered=timedelta(minutes=5))
# What was in hand when the way closed is put back for this long; by then the limit is in the database.
HELD_FOR = timedelta(seconds=1)
# Keep our own knowledge of a limit this long: looks begun before it was written have all returned by then.
OWN_WORD_FOR = timedelta(seconds=3)


class Limits:
    """One per process; the limits themselves are in the database, shared by all.

    A limit ends when the probe is accepted, or when nothing has confirmed it for a long time.
    """

    def __init__(self, db: Database, clock: Clock, kinds: Mapping[str, DeliveryKind[Any]]) -> None:
        self._db = db
        self._clock = clock
        self._kinds = kinds
        self._standing: dict[str, Limit] = {}
        # Limits that this process was told of directly, by way: what was said, and when.
        self._heard: dict[str, tuple[str, timedelta]] = {}
        self._probes: set[int] = set()

    def saw(self, standing: Sequence[Limit]) -> None:
        """Exactly these limits are in the database."""
        self._standing = {one.way: one for one in standing}
        now = self._clock.passed()
        self._heard = {way: heard for way, heard in self._heard.items() if now - heard[1] < OWN_WORD_FOR}

    def close(self, way: str, said: str) -> None:
        """From now on, this way takes nothing."""
        self._heard[way] = said, self._clock.passed()

    def why(self, way: str) -> str | None:
        """Why deliveries by this way have to wait; None: they don't."""
        if way in self._standing:
            return _why(self._standing[way].said)
        return _why(self._heard[way][0]) if way in self._heard else None

    def must_have_its_turn(self, delivery: Delivery) -> None:
        """Raises Held while this way is limited, unless the delivery is its probe."""
        if delivery.id not in self._probes and (why := self.why(delivery.way)):
            raise Held(why, HELD_FOR)

    @property
    def ways(self) -> list[str]:
        return [*{**self._standing, **self._heard}]

    @property
    def ready(self) -> list[str]:
        """Limited ways whose next probe is due."""
        now = self._clock.now()
        return [one.way for one in self._standing.values() if one.again_at <= now]

    @property
    def next_try(self) -> datetime | None:
        now = self._clock.now()
        return min((one.again_at for one in self._standing.values() if one.again_at > now), default=None)

    def is_tried_by(self, probe: Delivery) -> None:
        self._probes.add(probe.id)

    async def write_down(self, delivery: Delivery, error: Throttled) -> None:
        """Record the limit, so that nobody tries too early, and show why on what waits. With the database away, other
        processes meet the limit themselves."""
        way, said, now = delivery.way, str(error), self._clock.now()
        try:
            async with self._db.transaction() as conn:
                is_probe = delivery.id in self._probes
                limit = await limits.limit(
                    conn, way, said, is_probe=is_probe, pace=PACE, now=now, asked=error.retry_after
                )
                for kind, payloads in (await limits.waiting(conn, way)).items():
                    if kind in self._kinds:
                        await self._kinds[kind].held(conn, payloads, _why(said))
        except Failed as failure:
            log.warning("way=%s limited=%r %s", way, said, failure)
            return
        self._standing[way] = limit
        log.warning("way=%s limited=%r again_at=%s", way, said, limit.again_at.isoformat(timespec="seconds"))

    async def has_ended(self, delivery: Delivery, outcome: Outcome[Any]) -> bool:
        """Call when its outcome is recorded. Returns whether other deliveries may leave now, or another probe try."""
        if delivery.id not in self._probes:
            return False
        self._probes.discard(delivery.id)
        if outcome.limit:
            return False
        try:
            async with self._db.statement() as conn:
                if outcome.state == "sent":
                    await limits.lift(conn, delivery.way)
                else:
                    await limits.try_another(conn, delivery.way, self._clock.now())
        except Failed as error:
            log.warning("way=%s is not known to be open: %s", delivery.way, error)
            return False
        if outcome.state == "sent":
            self._standing.pop(delivery.way, None)
            self._heard.pop(delivery.way, None)
            log.info("way=%s is open again", delivery.way)
        return True


def _why(said: str) -> str:
    return f"waits until another one gets through: {said}"
