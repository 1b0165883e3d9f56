"""The weekly report: which backups were deleted, and what is left."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.backups.backup import next_report
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import message
from bot.store.backups import reports
from bot.store.database import Database

LOOK_AGAIN_AFTER = timedelta(minutes=5)


class WeeklyReports:
    """One row for all processes: whichever claims it writes the report."""

    due_rows = None

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, channels: Channels, posts: Posts, rendering: Rendering
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._channels = channels
        self._posts = posts
        self._rendering = rendering

    async def take_due(self) -> int:
        """Write one report per week, however many weeks were missed."""
        if not self._runbook.backups:
            return 0
        now = self._clock.now()
        async with self._db.transaction() as conn:
            since = await reports.claim(conn, now, next_report(self._runbook.timezone, now))
            if since is None:
                return 0
            channel = await self._channels.find(conn, self._runbook.channels.alerts)
            if channel is None:
                await reports.postpone(conn, now + LOOK_AGAIN_AFTER)
                return 1
            tidied = await reports.tidied(conn, list(self._runbook.backups), since, now)
            await self._posts.in_channel(conn, channel, message(self._words(tidied)))
            await reports.begin_next(conn, since=now, due_at=next_report(self._runbook.timezone, now))
        return 1

    async def next_due(self) -> datetime | None:
        if not self._runbook.backups:
            return None
        async with self._db.statement() as conn:
            return await reports.next_due(conn)

    def _words(self, tidied: list[reports.Tidied]) -> str:
        gone, freed = sum(one.deleted for one in tidied), sum(one.freed for one in tidied)
        return self._rendering.say("slack/backup_report", tidied=tidied, gone=gone, freed=freed)
