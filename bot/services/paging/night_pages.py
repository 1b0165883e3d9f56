"""Somebody was woken three nights in a row: who leads hears of it in the morning."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.paging.nights import DAY, IN_A_ROW, morning_after, mornings, rows_that_end
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.services.rooms.posts import Posts
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.paging import nights
from bot.store.pipelined import Connection

# What was missed longer ago is nobody's news.
LONGEST_AWAY = 7 * DAY


class NightPages(DueByRows):
    """One look at the end of each night, by whichever process; after an outage one for each that was missed."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, people: People, posts: Posts) -> None:
        self._db = db
        self._clock = clock
        self._zone = runbook.timezone
        self._people = people
        self._posts = posts
        self._is_watching = False

    async def take_due(self) -> int:
        now = self._clock.now()
        coming = morning_after(now, self._zone)
        async with self._db.transaction() as conn:
            if not self._is_watching:
                await nights.watch(conn, coming)
            due = await nights.claim_due(conn, now)
            if due:
                for morning in mornings(max(due, morning_after(now - LONGEST_AWAY, self._zone)), now, self._zone):
                    await self._look(conn, morning, now)
                await nights.move(conn, coming)
        self._is_watching = True
        return 1 if due else 0

    @property
    def due_rows(self) -> DueRows:
        return nights.due_rows()

    async def _look(self, conn: Connection, morning: datetime, now: datetime) -> None:
        last = morning.astimezone(self._zone).date() - DAY
        found = await nights.between(conn, last - IN_A_ROW * DAY, last, self._zone)
        if not (rows := rows_that_end(found, last)):
            return
        for lead in await self._people.leading(conn, now):
            for person, own in sorted(rows.items()):
                await self._posts.to_person(conn, lead, "night_pages", who=person, nights=own)
