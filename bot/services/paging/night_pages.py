"""Tells the leads in the morning when somebody was woken three nights in a row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.domain.paging.nights import DAY, IN_A_ROW, Night, morning_after, mornings, rows_that_end
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.services.rooms.posts import Posts
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.paging import nights
from bot.store.paging.nights import NightLook
from bot.store.pipelined import Connection

# Nights missed longer ago than this are no longer news.
LONGEST_AWAY = 7 * DAY


class NightPages(DueByRows):
    """One look at the end of each night, by one process; after an outage, one for each night missed.

    Nights are those of the person paged, in their own time zone (`Runbook.home_zone`).
    """

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, people: People, posts: Posts) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._zones = sorted({runbook.timezone, *map(runbook.home_zone, runbook.people)}, key=str)
        self._people = people
        self._posts = posts
        self._is_watching = False

    async def take_due(self) -> int:
        now = self._clock.now()
        coming = min(morning_after(now, zone) for zone in self._zones)
        async with self._db.transaction() as conn:
            if not self._is_watching:
                await nights.watch(conn, coming)
            due = await nights.claim_due(conn, now)
            if due:
                for morning, zone in self._mornings(due, now):
                    await self._look(conn, morning, zone, now)
                await nights.move(conn, coming, now=now)
        self._is_watching = True
        return 1 if due else 0

    @property
    def due_rows(self) -> DueRows:
        return nights.due_rows()

    def _mornings(self, due: NightLook, now: datetime) -> list[tuple[datetime, ZoneInfo]]:
        since, told = max(due.due_at, now - LONGEST_AWAY), due.looked_until
        ended = [(at, zone) for zone in self._zones for at in mornings(since, now, zone) if not told or at > told]
        return sorted(ended, key=lambda one: one[0])

    async def _look(self, conn: Connection, morning: datetime, zone: ZoneInfo, now: datetime) -> None:
        last = morning.astimezone(zone).date() - DAY
        found = await nights.between(conn, last - IN_A_ROW * DAY, last, zone)
        rows = rows_that_end((night for night in found if self._is_theirs(zone, night.person)), last)
        if rows:
            await self._tell(conn, rows, now)

    def _is_theirs(self, zone: ZoneInfo, person: str) -> bool:
        """Whether this person's nights are in `zone`; not if they have left, unknown to the runbook and every running
        ladder."""
        return self._runbook.home_zone(person) == zone and self._people.person(person) is not None

    async def _tell(self, conn: Connection, rows: Mapping[str, Sequence[Night]], now: datetime) -> None:
        for lead in await self._people.leading(conn, now):
            for person, own in sorted(rows.items()):
                is_own = self._people.is_same(lead, person)
                await self._posts.to_person(conn, lead, "night_pages", who=person, nights=own, is_own=is_own)
