"""Which stored requests this process takes over, and from whom: what is put back, and what others do not end."""

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.store import requests
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.requests import Request

# Whoever has a request in hand keeps it for as long as it lives; when it is not heard of by then, another takes over.
TAKEN_OVER_AFTER = timedelta(seconds=15)
RENEWED_EVERY = timedelta(seconds=5)
# Whoever has not looked for so long, because the database was away or it stood still itself, knows nothing of the
# others: they may have had the same trouble, and are given time to say that they live.
BLIND_AFTER = timedelta(seconds=5)
TIME_TO_BE_HEARD = timedelta(seconds=3)


class Takeover:
    """Any number of processes may ask at the same time: each request is given to one."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._renewed_at = self._looked_at = self._sees_from = clock.now()

    async def renew(self, own: Collection[str]) -> None:
        """What this process has in hand stays in its hand. Not by the connections for work: those may all be stuck."""
        now = self._clock.now()
        if own and abs(now - self._renewed_at) >= RENEWED_EVERY:
            async with self._db.intake() as conn:
                await requests.renew(conn, own, lease_until=now + TAKEN_OVER_AFTER, holder=self._db.process)
            self._renewed_at = now

    async def claim(self, own: Collection[str], *, limit: int, suspects: bool) -> list[Request]:
        """What nobody has in hand, and, with `suspects`, at most one that somebody had who is not heard of any more."""
        now = self._clock.now()
        if abs(now - self._looked_at) > BLIND_AFTER:
            self._sees_from = now + TIME_TO_BE_HEARD
        async with self._db.statement() as conn:
            left = await requests.claim_left_over(
                conn, now=now, lease_until=now + TAKEN_OVER_AFTER, limit=limit, own=own, holder=self._db.process
            )
            if suspects and now >= self._sees_from:
                left += await self._suspect(conn, own, now)
        self._looked_at = now
        return left

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            dues = await requests.dues(conn)
        suspect_at = dues.suspect_at and max(dues.suspect_at, self._sees_from)
        return min((at for at in (dues.free_at, suspect_at) if at), default=None)

    async def _suspect(self, conn: Connection, own: Collection[str], now: datetime) -> list[Request]:
        lease_until = now + TAKEN_OVER_AFTER
        found = await requests.claim_suspect(conn, now=now, lease_until=lease_until, own=own, holder=self._db.process)
        return [found] if found else []
