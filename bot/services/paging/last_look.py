"""The last look, right before a page's first byte: is it still wanted, and does it say so if it is late?"""

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

# An answer this recent is not asked for again.
FRESH = timedelta(milliseconds=40)
# Give up asking after this: with an overloaded machine or the database down, the page must leave all the same. Until
# then a short delay is better than paging somebody about what has been answered.
LOOK_TIMEOUT = timedelta(seconds=1)
ABREAST = 64


class BecameLate(TocsinError):
    """The page is late and its text does not say so; nothing was sent."""


class Snoozed(TocsinError):
    """Must not leave before `until`; nothing was sent."""

    def __init__(self, until: datetime) -> None:
        super().__init__("its incident was snoozed before it was sent")
        self.until = until


@dataclass
class Moment:
    """A page about to leave, known to be wanted at `known_at` (monotonic clock). `snoozed_until`: held until then, as
    known at that moment."""

    delivery: Delivery
    page: Page
    known_at: timedelta
    snoozed_until: datetime | None = None


class LastLook:
    """Somebody may have answered since the page was claimed: connecting takes time, and more on a busy machine."""

    def __init__(self, db: Database, clock: Clock, cancelled: Cancelled) -> None:
        self._db = db
        self._clock = clock
        self._cancelled = cancelled
        self._batching = Batching(self._ask, limit=ABREAST)

    async def look(self, moment: Moment) -> None:
        """Return if the page may leave. Raises NoLongerWanted (answered), Snoozed, Unreachable (our claim is lost) or
        BecameLate (must say that it is late)."""
        began = self._clock.elapsed()
        self._must_not_be_cancelled(moment)
        if moment.snoozed_until:
            raise Snoozed(moment.snoozed_until)
        while (now := self._clock.elapsed()) - moment.known_at >= FRESH and now - began < LOOK_TIMEOUT:
            if (asked_at := await self._ask_about(moment, began + LOOK_TIMEOUT - now)) is None:
                break
            moment.known_at = asked_at
        # A loaded process reads the database's answer late, so check the cancellations it has heard of meanwhile. No
        # await between here and the first byte.
        self._must_not_be_cancelled(moment)
        if is_late(moment.page.due_at, self._clock.now()) and not moment.page.late:
            raise BecameLate("it is late by now")

    def _must_not_be_cancelled(self, moment: Moment) -> None:
        if moment.page.id in self._cancelled:
            raise NoLongerWanted("answered before it was sent")

    async def _ask_about(self, moment: Moment, timeout: timedelta) -> timedelta | None:
        """When the database was asked, if the page is still wanted; None: no answer in time. Raises as `look`."""
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
        """Each answer with the time of its query, which is later than the caller's request if that waited for a
        batch."""
        by_page = {int(delivery.payload["page"]): delivery for delivery in deliveries}
        async with self._db.last_look() as conn:
            asked_at = self._clock.elapsed()
            found = await pages.wanted(conn, by_page, self._clock.now())
        return [(asked_at, found[int(delivery.payload["page"])]) for delivery in deliveries]
