"""Receives alerts: each is stored, judged by the rules, and shown. Also takes groups that are due."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from functools import partial

from bot.clock import Clock
from bot.domain.alerts import error_reports
from bot.domain.alerts.alert import GroupStanding
from bot.domain.alerts.arrival import Arrival, folded, without_copies
from bot.domain.alerts.received import MOST_ALERTS, Listing, ReceivedAlert, identity
from bot.domain.alerts.rules import Judged, gathered
from bot.domain.errors import NotFound, Refused
from bot.runbook import Runbook, duration_read
from bot.services.alerts.disputes import AlertDisputes
from bot.services.alerts.queue import TOGETHER, AlertQueue
from bot.services.alerts.settling import AlertSettling
from bot.services.alerts.turns import Turns, again_when_free
from bot.store.alerts import alerts, arrivals, disputes, error_counts
from bot.store.alerts.arrivals import Held
from bot.store.database import Database
from bot.store.deadlocks import again_after_deadlock
from bot.store.due_rows import DueByRows, DueRows
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

DUE_AT_ONCE = 100
SET_ASIDE = timedelta(minutes=1)
# How much of a body is stored, for people to see what a source sends.
BODY_KEPT = 64 * 1024
KEPT_FOR = timedelta(days=7)
COPIES_KNOWN_FOR = timedelta(days=30)
# More alerts than this are judged in a thread.
AT_A_TIME = 250
# A listing does not end an alert reported this recently: it may be a retry of an older one.
LISTED_AGAIN_AFTER = timedelta(minutes=1)


class TooMany(Refused):
    """More alerts in one delivery than are accepted."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} alerts in one delivery, at most {MOST_ALERTS}: send them in several")


class Alerts(DueByRows):
    """Receives alerts, and handles groups that are due: paging for unanswered ones, silences ending."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        settling: AlertSettling,
        disputed: AlertDisputes,
        *,
        bodies_for: timedelta = KEPT_FOR,
    ) -> None:
        """`bodies_for`: how long raw deliveries are kept."""
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._settling = settling
        self._disputes = disputed
        self._bodies_for = bodies_for
        self._turns = Turns(db)
        self._queue = AlertQueue(self._turns, self._keep)

    async def receive(
        self,
        source: str,
        received: Sequence[ReceivedAlert],
        listings: Sequence[Listing] = (),
        *,
        body: bytes = b"",
        delivery: str | None = None,
        digest: bytes | None = None,
    ) -> int:
        """Store and judge a delivery, all or nothing; returns its number of alerts.

        `listings`: groups it reports in full. `delivery`: the source's id of the delivery, which makes this idempotent;
        None: every delivery counts. `digest`: for replay detection. Raises TooMany, storing nothing, or Unreachable if
        it could not be stored.
        """
        if len(received) > MOST_ALERTS:
            raise TooMany(len(received))
        arrived, key = self._clock.now(), identity(delivery) if delivery else None
        told = await self._judged(source, received, arrived)
        arrival = Arrival(source, told, arrived, listings, len(received), key, body[:BODY_KEPT], digest)
        if len(told) <= TOGETHER:
            await self._queue.put(arrival, size=len(body))
        else:
            await again_after_deadlock(partial(self._keep_apart, arrival, size=len(body)))
        return len(received)

    async def acknowledged(self, source: str, fingerprints: Sequence[str]) -> None:
        """Their sender reports these as acknowledged; ignores alerts not firing. Raises Unreachable."""

        async def keep() -> None:
            async with self.taking() as conn:
                groups = await arrivals.hold_firing(conn, source, fingerprints)
                await self._settling.acknowledged_there(conn, set(groups.values()), fingerprints)

        await again_when_free(keep)

    async def _keep_apart(self, arrival: Arrival, size: int) -> None:
        async with self._turns.taken(size=size, is_brief=False) as conn:
            await self._keep(conn, [arrival])

    @property
    def is_full(self) -> bool:
        """Whether so many are waiting that another would only cost the others time and memory."""
        return self._turns.room.is_full

    def taking(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction for a sender waiting for its answer. Raises Unreachable rather than making it wait long."""
        return self._turns.taken()

    async def receive_within(self, conn: Connection, source: str, received: Sequence[ReceivedAlert]) -> None:
        """`receive` within a larger transaction, for alerts of our own."""
        told = await self._judged(source, received, self._clock.now())
        await self._take(conn, source, told, (), await arrivals.hold(conn, source, told))

    async def standing(self, group_id: int) -> GroupStanding | None:
        """The group with its alerts; None when there is no such group."""
        async with self._db.transaction() as conn:
            return await alerts.standing(conn, group_id)

    async def raw(self, group_id: int) -> str:
        """The last body received for this group, as far as stored; JSON is pretty-printed.

        Raises NotFound once it has been deleted.
        """
        async with self._db.transaction() as conn:
            body = await arrivals.raw_body(conn, group_id)
        if body is None:
            raise NotFound(f"What was received is kept for {duration_read(self._bodies_for)}, and this is gone.")
        text = body.decode("utf-8", "replace").replace("\0", "")
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text

    async def take_due(self) -> int:
        """Handle groups that are due, each once across all processes; returns how many."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            due = await alerts.claim_due(conn, now=now, limit=DUE_AT_ONCE)
            poisoned = [group_id for group_id in due if not await self._look_safely(conn, group_id, now)]
            for group_id in poisoned:
                await alerts.push_ahead(conn, group_id, now + SET_ASIDE)
        return len(due) + await self._decide_disputes(now)

    async def _decide_disputes(self, now: datetime) -> int:
        """Reopen alerts that one member of a pair reports as resolved and the other does not, as if reported now."""
        async with self._db.transaction() as conn:
            due = await disputes.due(conn, now=now, limit=DUE_AT_ONCE)
            for source in sorted({source for source, _ in due}):
                told = await self._judged(source, [alert for whose, alert in due if whose == source], now)
                mine = await self._disputes.claim(conn, source, told)
                await self._take(conn, source, mine, (), await arrivals.hold(conn, source, mine))
        return len(due)

    @property
    def due_rows(self) -> DueRows:
        return alerts.due_rows()

    async def forget_old(self) -> int:
        """Delete bodies and counts that are too old to be of use."""
        longest = max((rule.at_least.within for rule in self._runbook.alerts.rules if rule.at_least), default=KEPT_FOR)
        async with self._db.transaction() as conn:
            now = self._clock.now()
            counted: int = sum(
                [await kept.forget_old(conn, now - max(longest, KEPT_FOR)) for kept in (alerts, error_counts)]
            )
            counted += await arrivals.forget_originals(conn, now - COPIES_KNOWN_FOR)
            return counted + await arrivals.forget_old(conn, now - self._bodies_for)

    async def _judged(self, source: str, received: Sequence[ReceivedAlert], arrived: datetime) -> list[Judged]:
        """Verdicts of the rules; for many, in a thread, so as not to block the event loop."""
        work = partial(gathered, self._runbook.alerts.rules, source, received, arrived)
        return await asyncio.to_thread(work) if len(received) > AT_A_TIME else work()

    async def _keep(self, conn: Connection, waiting: Sequence[Arrival]) -> None:
        """Store deliveries of one source that do not contradict each other: see `Together`."""
        new, held = await arrivals.keep(conn, waiting, self._clock.now())
        if digests := [arrival.digest for _, arrival in new if arrival.digest]:
            originals = await arrivals.keep_originals(conn, waiting[0].source, digests, self._clock.now())
            new = without_copies(new, originals, held.groups)
        if new:
            listings = [one for _, arrival in new for one in arrival.listings]
            await self._take(conn, waiting[0].source, folded(new), listings, held)

    async def _take(
        self, conn: Connection, source: str, told: Sequence[Judged], listings: Sequence[Listing], held: Held
    ) -> None:
        now = self._clock.now()
        late = await self._disputes.late(conn, source, told, now) if held.ended else ()
        wanted = [one for one in told if one.times and one.alert.fingerprint not in late]
        if held.disputed:
            await self._disputes.end(conn, source, told, wanted, [one.group for one in listings])
        firing = await self._with_groups(conn, source, wanted, held.groups, now)
        changed = await alerts.save_firing(conn, source, firing, now)
        changed |= await alerts.end_firing(conn, source, [one for one in told if not one.times], now)
        fingerprints = [one.alert.fingerprint for one in told]
        changed |= await alerts.end_unlisted(
            conn, source, listings, fingerprints, now, told_before=now - LISTED_AGAIN_AFTER
        )
        changed |= await alerts.hide(conn, source, listings)
        await self._count(conn, firing, now)
        await error_counts.add(conn, error_reports.counted(source, told), now)
        urgent = {group_id for group_id, one in firing if one.verdict.declares}
        await self._settling.settle_changed(conn, changed, urgent=urgent)

    async def _with_groups(
        self, conn: Connection, source: str, firing: Sequence[Judged], groups: Mapping[str, int], now: datetime
    ) -> list[tuple[int, Judged]]:
        """Each alert with the group it is already firing in, else with the open one of its key."""
        new = {o.group_key: o.verdict.at_least is not None for o in firing if o.alert.fingerprint not in groups}
        opened = await alerts.open_groups(conn, source, new, now)
        return [(groups.get(one.alert.fingerprint) or opened[one.group_key], one) for one in firing]

    async def _count(self, conn: Connection, firing: Sequence[tuple[int, Judged]], now: datetime) -> None:
        """A rule with `at_least` stays quiet until it has matched that often within its time."""
        for rule in sorted({one.verdict.counted for _, one in firing if one.verdict.counted}):
            own = [(group_id, one) for group_id, one in firing if one.verdict.counted == rule]
            at_least = own[0][1].verdict.at_least
            assert at_least is not None
            times = sum(one.times for _, one in own)
            if await alerts.count_more(conn, rule, times, since=now - at_least.within, now=now) >= at_least.count:
                await alerts.speak_up(conn, [group_id for group_id, _ in own])

    async def _look_safely(self, conn: Connection, group_id: int, now: datetime) -> bool:
        """Handle one group; False when that fails, which must not stop the others."""
        try:
            async with conn.transaction():
                await alerts.end_expired(conn, group_id, now)
                standing = await alerts.lock(conn, group_id)
                assert standing is not None
                await self._settling.settle(conn, standing)
        except (KeyError, ValueError, TypeError, Refused):
            log.exception("alert=%s could not be handled", group_id)
            return False
        return True
