"""Alerts come in: each is kept, judged by the rules, and shown; what is due by itself happens here too."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.alert import ReceivedAlert, Standing, identity, look_again_at, newly_told, page_at
from bot.domain.alert_rules import Told, gathered
from bot.domain.errors import Refused, Unanswered, Unreachable
from bot.patience import Patience
from bot.runbook import Runbook
from bot.services.alert_incidents import AlertIncidents
from bot.services.alert_outlets import AlertOutlets
from bot.services.cards import Cards
from bot.store import alerts
from bot.store.database import Database
from bot.store.queries import Connection

log = logging.getLogger(__name__)

# A storm of alerts must leave connections for the escalations.
AT_ONCE = 4
# How long a sender waits for its turn and for the database, and then for its alerts to be stored; after that it is told
# to come again, instead of waiting for what may never be.
PATIENCE_S = 3.0
STORED_WITHIN_S = 20.0
DUE_AT_ONCE = 100
SET_ASIDE = timedelta(minutes=1)
# Of a body that is kept to see what a source sends.
BODY_KEPT = 64 * 1024
KEPT_FOR = timedelta(days=7)


class Alerts:
    """Receives alerts, and takes the rows that are due: a page for what nobody answers, a silence that ends."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        tied: AlertIncidents,
        outlets: AlertOutlets,
        cards: Cards,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._tied = tied
        self._outlets = outlets
        self._cards = cards
        self._places = asyncio.Semaphore(AT_ONCE)
        self._patience = Patience(PATIENCE_S)

    async def receive(
        self, source: str, received: Sequence[ReceivedAlert], *, body: bytes = b"", delivery: str | None = None
    ) -> int:
        """Keep and judge what was delivered, all of it or nothing; returns how many alerts that were.

        `delivery` is the source's own id of the delivery: a second one with it changes nothing. None = every delivery
        counts. Raises Unreachable when it could not be kept.
        """
        async with self.taking() as conn:
            key = identity(delivery) if delivery else None
            kept, now = body[:BODY_KEPT], self._clock.now()
            if await alerts.keep_delivery(conn, source, key, kept, accepted=len(received), now=now):
                await self.receive_within(conn, source, received)
        return len(received)

    @asynccontextmanager
    async def taking(self) -> AsyncIterator[Connection]:
        """A transaction for a sender who waits for the answer. Raises Unreachable rather than let them wait long."""
        begun, conn = await self._patience.wait_for(self._begin())
        sent = False
        try:
            async with asyncio.timeout(STORED_WITHIN_S), begun:
                yield conn
                sent = True
        except TimeoutError as error:
            raise (Unanswered if sent else Unreachable)("it could not be stored in time") from error

    async def _begin(self) -> tuple[AsyncExitStack, Connection]:
        """A place and a transaction, held until what is returned first is closed."""
        async with AsyncExitStack() as begun:
            await begun.enter_async_context(self._places)
            conn = await begun.enter_async_context(self._db.transaction())
            return begun.pop_all(), conn

    async def receive_within(self, conn: Connection, source: str, received: Iterable[ReceivedAlert]) -> None:
        """`receive` as a part of a larger deed, for what the bot finds out itself."""
        now = self._clock.now()
        told = gathered(self._runbook.alerts.rules, source, received)
        keys, fingerprints = [one.group_key for one in told], [one.alert.fingerprint for one in told]
        groups = await alerts.hold_groups(conn, source, keys=keys, fingerprints=fingerprints)
        firing = await self._with_groups(conn, source, [one for one in told if one.times], groups, now)
        changed = await alerts.save_firing(conn, source, firing, now) if firing else set()
        changed |= await alerts.end_firing(conn, source, [o.alert.fingerprint for o in told if not o.times], now)
        await self._count(conn, firing, now)
        for group_id in sorted(changed):
            standing = await alerts.lock(conn, group_id)
            assert standing is not None
            await self.settle(conn, standing)

    async def settle(self, conn: Connection, standing: Standing) -> None:
        """Whatever follows from how a group stands now: incident, page, who is told, the card. Saves the group."""
        now = self._clock.now()
        if not standing.firing:
            await self._close(conn, standing, now)
            return
        standing = await self._tie(conn, _with_silence_ended(standing, now), now)
        page = page_at(standing, now)
        outlets = newly_told(standing, self._runbook.alerts.levels.outlets(standing.level), now)
        await self._outlets.tell(conn, standing, outlets)
        told = (*standing.group.told, *outlets)
        group = replace(standing.group, told=told, page_at=page, due_at=look_again_at(standing, page))
        await alerts.save_group(conn, group)
        if "slack" in told:
            await self._cards.touch(conn, f"alert:{group.id}")

    async def standing(self, group_id: int) -> Standing | None:
        """None when there is no such group."""
        async with self._db.transaction() as conn:
            return await alerts.standing(conn, group_id)

    async def take_due(self) -> int:
        """Look at the groups that are due, each once, whoever else is at work; returns how many that were."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            due = await alerts.claim_due(conn, now=now, limit=DUE_AT_ONCE)
            poisoned = [group_id for group_id in due if not await self._look_safely(conn, group_id, now)]
            for group_id in poisoned:
                await alerts.push_ahead(conn, group_id, now + SET_ASIDE)
        return len(due)

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            return await alerts.next_due(conn)

    async def forget_old(self) -> int:
        """Throw away bodies and countings that are too old to be of use."""
        longest = max((rule.at_least.within for rule in self._runbook.alerts.rules if rule.at_least), default=KEPT_FOR)
        async with self._db.transaction() as conn:
            return await alerts.forget_old(conn, self._clock.now() - max(longest, KEPT_FOR))

    async def _with_groups(
        self, conn: Connection, source: str, firing: Sequence[Told], groups: dict[str, int], now: datetime
    ) -> list[tuple[int, Told]]:
        """Each alert with the group it fires in already, else with the open one of its key, opened in one order."""
        new = {one.group_key: one for one in firing if one.alert.fingerprint not in groups}
        opened = {
            key: await alerts.open_group(conn, source, key, quiet=new[key].verdict.at_least is not None, now=now)
            for key in sorted(new)
        }
        return [(groups.get(one.alert.fingerprint) or opened[one.group_key], one) for one in firing]

    async def _count(self, conn: Connection, firing: Sequence[tuple[int, Told]], now: datetime) -> None:
        """A rule with `at_least` speaks up once it has matched so often within its time."""
        for rule in sorted({one.verdict.counted for _, one in firing if one.verdict.counted}):
            own = [(group_id, one) for group_id, one in firing if one.verdict.counted == rule]
            at_least = own[0][1].verdict.at_least
            assert at_least is not None
            times = sum(one.times for _, one in own)
            if await alerts.count_more(conn, rule, times, since=now - at_least.within, now=now) >= at_least.count:
                await alerts.speak_up(conn, [group_id for group_id, _ in own])

    async def _tie(self, conn: Connection, standing: Standing, now: datetime) -> Standing:
        """The incident of a group: the open one it belonged to before, one its rule declares, one nobody else did."""
        if standing.group.quiet or standing.group.is_silenced(now) or not standing.unanswered:
            return standing
        if joined := await self._tied.rejoin(conn, standing):
            return joined
        if standing.declares:
            return await self._tied.declare(conn, standing, TOCSIN, "rule", severity=standing.declares)
        page = page_at(standing, now)
        if page is None or page > now:
            return standing
        # Pages belong to incidents, with their ladder, their acknowledgement and their trace. So an alert that nobody
        # answers becomes an incident of the default severity, whose first tier is paged at once.
        return await self._tied.declare(conn, standing, TOCSIN, "unacknowledged")

    async def _close(self, conn: Connection, standing: Standing, now: datetime) -> None:
        """Nothing in the group fires any more: its card says so, and the next firing begins a new one."""
        group = replace(standing.group, closed_at=now, page_at=None, due_at=None)
        await alerts.save_group(conn, group)
        await self._tied.tell_over(conn, standing)
        if "slack" in group.told:
            await self._cards.touch(conn, f"alert:{group.id}")

    async def _look_safely(self, conn: Connection, group_id: int, now: datetime) -> bool:
        """False when this group cannot be worked on: then it must not stop the others."""
        try:
            async with conn.transaction():
                await alerts.end_expired(conn, group_id, now)
                standing = await alerts.lock(conn, group_id)
                assert standing is not None
                await self.settle(conn, standing)
        except (KeyError, ValueError, TypeError, Refused):
            log.exception("alert=%s cannot be looked at", group_id)
            return False
        return True


def _with_silence_ended(standing: Standing, now: datetime) -> Standing:
    group = standing.group
    if group.silenced_until is None or group.is_silenced(now):
        return standing
    return replace(standing, group=replace(group, silenced_by=None, silenced_until=None))
