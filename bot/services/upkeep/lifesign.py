"""The dead man's switch: while all is well, we call somebody outside once a minute; our silence is their alarm."""

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
# While something is wrong, check again this soon: the silence should not outlast the trouble.
LOOK_AGAIN_AFTER = timedelta(seconds=5)
# Twice what a takeover from a dead process takes.
LATE_AFTER = timedelta(seconds=30)
TIMEOUT = aiohttp.ClientTimeout(total=5.0)
# What people wait for. Cards and posts may be late because of Slack.
MUST_BE_ON_TIME = ("escalations", "requests", "page")


class Lifesign:
    """A round of its own, so that a slow listener delays nothing else. Every process calls, without a timer row."""

    due_rows = None

    def __init__(
        self, db: Database, clock: Clock, watchdog: Watchdog, session: aiohttp.ClientSession, url: SecretStr | None
    ) -> None:
        """`url` None: nobody listens, so nobody is called. It is a secret and never logged."""
        self._db = db
        self._clock = clock
        self._watchdog = watchdog
        self._session = session
        self._url = url
        self._next_at = clock.now()
        self._trouble: str | None = None

    async def take_due(self) -> int:
        """Give the sign if it is time and all is well. Always returns 0: a second one is never due at once."""
        now = self._clock.now()
        # The upper bound, because a clock set back must not silence us for as long.
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
        """Log each trouble once."""
        if trouble and not self._trouble:
            log.warning("lifesign: none is given, %s", trouble)
        elif self._trouble and not trouble:
            log.info("lifesign: given again")
        self._trouble = trouble

    async def _call(self, url: str) -> None:
        """Log a failure, without any text that might contain the address."""
        try:
            async with self._session.get(url, timeout=TIMEOUT) as answer:
                if answer.status >= 400:
                    log.warning("lifesign: HEARTBEAT_URL answers %s", answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("lifesign: HEARTBEAT_URL cannot be reached: %s", type(error).__name__)
