"""Checks rooms of open incidents now and then, because Slack's events may be lost."""

from datetime import timedelta

from bot.clock import Clock
from bot.services.rooms.channels import Channels
from bot.services.rooms.closures import Closures
from bot.store.database import Database
from bot.store.rooms import closures

# Per room, across all processes.
LOOKED_AT_EVERY = timedelta(minutes=5)


class RoomLooks:
    """Notices a room that was archived, or that the bot was removed from, before anybody posts there."""

    def __init__(self, db: Database, clock: Clock, channels: Channels, closures: Closures) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels
        self._closures = closures

    async def look(self) -> bool:
        """Check one room not looked at lately, with one request to Slack; False: there is none. Raises a Failed."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            room_id = await closures.claim_look(conn, since=now - LOOKED_AT_EVERY, now=now)
        if room_id is None:
            return False
        if why := await self._channels.why_closed(room_id):
            await self._closures.closed(room_id, why, certain=why == "archived")
        else:
            await self._closures.opened(room_id)
        return True
