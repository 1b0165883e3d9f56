"""Which stored requests this process takes over: those put back, and those whose holder has died."""

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.store import requests
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.requests import Request

# A live process renews its lease; when it isn't heard of for this long, another takes over.
TAKEN_OVER_AFTER = timedelta(seconds=15)
RENEWED_EVERY = timedelta(seconds=5)
# A process that has not looked for this long, because of a database outage or because it was frozen, knows nothing
# about the others: they may have had the same trouble, and get time to renew their leases.
BLIND_AFTER = timedelta(seconds=5)
TIME_TO_BE_HEARD = timedelta(seconds=3)


class Takeover:
    """Safe in any number of processes at once: each request goes to one."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._renewed_at = self._looked_at = self._sees_from = clock.now()

    async def renew(self, own: Collection[str]) -> None:
        """Renew the leases of what this process holds. On the intake pool: the work connections may all be stuck."""
        now = self._clock.now()
        if own and abs(now - self._renewed_at) >= RENEWED_EVERY:
            async with self._db.intake() as conn:
                await requests.renew(conn, own, lease_until=now + TAKEN_OVER_AFTER, holder=self._db.process)
            self._renewed_at = now

    async def claim(self, own: Collection[str], *, limit: int, suspects: bool) -> list[Request]:
        """Claim unheld requests and, with `suspects`, at most one whose holder is not heard of any more."""
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
