"""A page's last moment, right before its first byte: is it still wanted, and does it say that it is late if it is?"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.errors import TocsinError, Unanswered, Unreachable
from bot.domain.paging.escalation import is_late
from bot.domain.paging.page import Page
from bot.services.outbox.batching import Batching
from bot.services.outbox.kinds import NoLongerWanted
from bot.services.paging.cancelled import Cancelled
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.paging import pages
from bot.store.paging.pages import Wanted

# What was known so short a while ago is not asked again.
FRESH = timedelta(milliseconds=40)
# On a machine so loaded that each answer is old when it comes, or with a database that is away, a page has to leave all
# the same; but a moment later is better than to call somebody for what was answered before.
LOOK_TIMEOUT = timedelta(seconds=1)
ABREAST = 64


class BecameLate(TocsinError):
    """Its words do not say that it is late, and it is; nothing was sent."""


class Snoozed(TocsinError):
    """It is not to leave before `until`; nothing was sent."""

    def __init__(self, until: datetime) -> None:
        super().__init__("its incident was snoozed before it was sent")
        self.until = until


@dataclass
class Moment:
    """The page that is about to leave; it was wanted at `known_at`, by the steady counter. `snoozed_until`: and held
    then."""

    delivery: Delivery
    page: Page
    known_at: timedelta
    snoozed_until: datetime | None = None


class LastLook:
    """Connecting, or a busy machine, takes its time after everything was asked: somebody may have answered since."""

    def __init__(self, db: Database, clock: Clock, cancelled: Cancelled) -> None:
        self._db = db
        self._clock = clock
        self._cancelled = cancelled
        self._batching = Batching(self._ask, limit=ABREAST)

    async def look(self, moment: Moment) -> None:
        """Raises NoLongerWanted when it was answered, Snoozed, Unreachable when it is not ours to send any more,
        BecameLate when it has to say so."""
        began = self._clock.elapsed()
        self._must_not_be_cancelled(moment)
        if moment.snoozed_until:
            raise Snoozed(moment.snoozed_until)
        while (now := self._clock.elapsed()) - moment.known_at >= FRESH and now - began < LOOK_TIMEOUT:
            if (asked_at := await self._ask_about(moment, began + LOOK_TIMEOUT - now)) is None:
                break
            moment.known_at = asked_at
        # The database's answer is old when it is read by a loaded process. From here to the first byte nothing is
        # waited for.
        self._must_not_be_cancelled(moment)
        if is_late(moment.page.due_at, self._clock.now()) and not moment.page.late:
            raise BecameLate("it is late by now")

    def _must_not_be_cancelled(self, moment: Moment) -> None:
        if moment.page.id in self._cancelled:
            raise NoLongerWanted("answered before it was sent")

    async def _ask_about(self, moment: Moment, timeout: timedelta) -> timedelta | None:
        """When the database was asked that says that it is wanted; None: it has said nothing."""
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                asked_at, found = await self._batching.ask(moment.delivery)
        except (TimeoutError, Unreachable, Unanswered):
            return None
        if not found.waits:
            raise NoLongerWanted("answered before it was sent")
        if not found.is_ours:
            raise Unreachable("it is in somebody else's hands")
        if found.snoozed_until:
            raise Snoozed(found.snoozed_until)
        return asked_at

    async def _ask(self, deliveries: Sequence[Delivery]) -> list[tuple[timedelta, Wanted]]:
        """Each with when it was asked: whoever waited for the round before does not count that."""
        by_page = {int(delivery.payload["page"]): delivery for delivery in deliveries}
        async with self._db.last_look() as conn:
            asked_at = self._clock.elapsed()
            found = await pages.wanted(conn, by_page, self._clock.now())
        return [(asked_at, found[int(delivery.payload["page"])]) for delivery in deliveries]
