"""The dead man's switch: while all is well, somebody outside hears of us once a minute; our silence is their alarm."""

import logging
from datetime import datetime, timedelta

import aiohttp
from pydantic import SecretStr

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.services.upkeep.figures import ON_TIME, overdue
from bot.services.upkeep.watchdog import Watchdog
from bot.store.database import Database

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
# While something is wrong it is looked again so soon: the sign should not be missing for longer than the trouble.
LOOK_AGAIN_AFTER = timedelta(seconds=5)
# Twice what it takes until somebody else takes over from a process that died.
LATE_AFTER = timedelta(seconds=30)
TIMEOUT = aiohttp.ClientTimeout(total=5.0)
# What people wait for. Cards and posts may be late because Slack is.
MUST_BE_ON_TIME = ("escalations", "requests", "page")


class Lifesign:
    """A round of its own, so that a slow listener holds up nothing. Every process calls, and needs no row for it."""

    due_rows = None

    def __init__(
        self, db: Database, clock: Clock, watchdog: Watchdog, session: aiohttp.ClientSession, url: SecretStr | None
    ) -> None:
        """`url` None: nobody listens, so nobody is called. It is a secret, and said nowhere."""
        self._db = db
        self._clock = clock
        self._watchdog = watchdog
        self._session = session
        self._url = url
        self._next_at = clock.now()
        self._trouble: str | None = None

    async def take_due(self) -> int:
        """Give the sign when it is time to and all is well; 0, for there is never a second one to give at once."""
        now = self._clock.now()
        # A clock that was put back must not silence us for as long.
        if self._url is None or now < self._next_at <= now + EVERY:
            return 0
        trouble = await self._look(now)
        self._tell(trouble)
        self._next_at = now + (LOOK_AGAIN_AFTER if trouble else EVERY)
        if trouble is None:
            await self._call(self._url.get_secret_value())
        return 0

    async def next_due(self) -> datetime | None:
        return None if self._url is None else self._next_at

    async def _look(self, now: datetime) -> str | None:
        """What is wrong; None when nothing is."""
        if stuck := self._watchdog.stuck():
            return f"stuck: {', '.join(stuck)}"
        try:
            async with self._db.transaction() as conn:
                behind = await overdue(conn, now)
        except Failed as error:
            return str(error)
        late = [kind for kind in MUST_BE_ON_TIME if behind.get(kind, ON_TIME) > LATE_AFTER]
        return f"behind their time: {', '.join(late)}" if late else None

    def _tell(self, trouble: str | None) -> None:
        """Once for as long as it lasts."""
        if trouble and not self._trouble:
            log.warning("lifesign: none is given, %s", trouble)
        elif self._trouble and not trouble:
            log.info("lifesign: given again")
        self._trouble = trouble

    async def _call(self, url: str) -> None:
        """Whether they have heard is told in the log, without what may hold the address."""
        try:
            async with self._session.get(url, timeout=TIMEOUT) as answer:
                if answer.status >= 400:
                    log.warning("lifesign: HEARTBEAT_URL answers %s", answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("lifesign: HEARTBEAT_URL cannot be reached: %s", type(error).__name__)
