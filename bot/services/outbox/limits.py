"""Ways by which the other side takes no more for now: one delivery tries for all, and the others wait for it."""

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

# Most limits are counted by the minute. Whoever is asked again sooner than that may count anew from there.
PACE = Pace(first=timedelta(seconds=5), longest=LONGEST_BACKOFF, remembered=timedelta(minutes=5))
# What was in hand when its way was closed is put back; until that is written down the way is known to be closed.
HELD_FOR = timedelta(seconds=1)
# Until looks that were begun before it was written down have all come back.
OWN_WORD_FOR = timedelta(seconds=3)


class Limits:
    """One per process; what is limited stands in the database, for all of them.

    A limit ends when the one that tries for all is accepted, or when it has not been confirmed for long.
    """

    def __init__(self, db: Database, clock: Clock, kinds: Mapping[str, DeliveryKind[Any]]) -> None:
        self._db = db
        self._clock = clock
        self._kinds = kinds
        self._standing: dict[str, Limit] = {}
        # What this process was told itself, and when.
        self._heard: dict[str, tuple[str, timedelta]] = {}
        self._probes: set[int] = set()

    def saw(self, standing: Sequence[Limit]) -> None:
        """These, and no others, are in the database."""
        self._standing = {one.way: one for one in standing}
        now = self._clock.passed()
        self._heard = {way: heard for way, heard in self._heard.items() if now - heard[1] < OWN_WORD_FOR}

    def close(self, way: str, said: str) -> None:
        """By this way the other side takes nothing, from now on."""
        self._heard[way] = said, self._clock.passed()

    def why(self, way: str) -> str | None:
        """What is waited for by this way; None: nothing is."""
        if way in self._standing:
            return _why(self._standing[way].said)
        return _why(self._heard[way][0]) if way in self._heard else None

    def must_have_its_turn(self, delivery: Delivery) -> None:
        """Raises Held."""
        if delivery.id not in self._probes and (why := self.why(delivery.way)):
            raise Held(why, HELD_FOR)

    @property
    def ways(self) -> list[str]:
        return [*{**self._standing, **self._heard}]

    @property
    def ready(self) -> list[str]:
        """One may try for these."""
        now = self._clock.now()
        return [one.way for one in self._standing.values() if one.again_at <= now]

    @property
    def next_try(self) -> datetime | None:
        now = self._clock.now()
        return min((one.again_at for one in self._standing.values() if one.again_at > now), default=None)

    def is_tried_by(self, probe: Delivery) -> None:
        self._probes.add(probe.id)

    async def write_down(self, delivery: Delivery, error: Throttled) -> None:
        """Nobody else tries before its time, and what waits says why. When the database is away, others find out."""
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
        """Its outcome is written down. Returns whether others may leave, or try, for that."""
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
