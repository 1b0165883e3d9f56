"""While the database is away, tells the rooms of open incidents, from memory; and again when it is back."""

import asyncio
import logging
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.errors import Failed
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.paging.call_list import CallList
from bot.services.rooms.posts import Posts
from bot.slack.blocks import message
from bot.slack.gateway import Gateway, Posted
from bot.store.database import Database
from bot.store.errors import plain_reason
from bot.store.incidents import incidents

log = logging.getLogger(__name__)

# Consecutive failures, not seconds: a process that was frozen has missed none. About six seconds, longer than a
# restart.
MISSES = 4
# Another process may have noticed the outage this much earlier.
NOTICED_WITHIN = timedelta(seconds=5)


class Outages:
    """The only sender that bypasses the outbox, because the outbox is in the database."""

    due_rows = None

    def __init__(
        self,
        db: Database,
        clock: Clock,
        call_list: CallList,
        posts: Posts,
        gateway: Gateway,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._clock = clock
        self._call_list = call_list
        self._posts = posts
        self._gateway = gateway
        self._rendering = rendering
        self._open: list[Incident] = []
        self._missed = 0
        self._since = clock.now()
        self._told: dict[int, Posted] = {}
        self._why: str | None = None

    async def take_due(self) -> int:
        """Check that the database answers, and remember the open incidents. Returns 0: there are no due rows."""
        try:
            # The intake pool: a busy work pool is no outage.
            async with self._db.intake() as conn:
                self._open = await incidents.open_with_room(conn)
                await self._db.must_take_changes(conn)
        except Failed as error:
            self._why = plain_reason(error)
            await self._missing()
        else:
            await self._there()
        return 0

    async def next_due(self) -> datetime | None:
        """None: it relies on the sweep of every second."""
        return None

    async def _missing(self) -> None:
        if not self._missed:
            self._since = self._clock.now()
        self._missed += 1
        if self._missed >= MISSES:
            await asyncio.gather(*(self._tell(incident) for incident in self._open if incident.id not in self._told))

    async def _tell(self, incident: Incident) -> None:
        """Tell a room once, by the first process that does; what Slack refuses is tried again at the next look."""
        assert incident.room_id
        key = f"paging stopped:{incident.id}"
        try:
            told = await self._find(incident.room_id, key)
            if told is None:
                mine = await self._gateway.post(incident.room_id, message(self._words(incident)), key=key)
                # Without a database, processes can't agree beforehand: the second to post deletes its own message.
                told = await self._find(incident.room_id, key) or mine
                if told.ts != mine.ts:
                    await self._gateway.take_back(mine)
            self._told[incident.id] = told
        except Failed as error:
            log.warning("incident=%s could not be notified that paging has stopped: %s", incident.id, error)

    async def _find(self, room: str, key: str) -> Posted | None:
        """`since` is needed: another outage in the same incident has the same key."""
        return await self._gateway.find_posted(room, key, since=self._since, within=NOTICED_WITHIN)

    def _words(self, incident: Incident) -> str:
        people = [] if incident.is_acknowledged else self._call_list.everybody(incident.severity)
        return self._rendering.say(
            "slack/paging_stopped", incident=incident, since=self._since, why=self._why, people=people
        )

    async def _there(self) -> None:
        self._missed = 0
        for incident_id, told in list(self._told.items()):
            try:
                await self._tell_the_end(incident_id, told)
            except Failed as error:
                log.warning("incident=%s could not be notified that paging has resumed: %s", incident_id, error)
                return
            self._told.pop(incident_id, None)

    async def _tell_the_end(self, incident_id: int, told: Posted) -> None:
        """Every process that knows of the message gets here; the first to record it has the room told."""
        now = self._clock.now()
        words = self._rendering.say("documents/paging_was_down", since=self._since, until=now)
        async with self._db.transaction() as conn:
            once = f"paging stopped {told.ts}"
            if await incidents.write_once(conn, incident_id, "system", words, actor=TOCSIN.name, at=now, key=once):
                incident = await incidents.get(conn, incident_id)
                await self._posts.in_room(conn, incident, "paging_continues", since=self._since)
