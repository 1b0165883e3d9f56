"""Stores what Slack sends before it is acknowledged, and sees that it is worked on, by whichever process is alive."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from bot.clock import Clock
from bot.domain.errors import Failed, NotFound, TocsinError, Unanswered
from bot.services.outbox.duty import Duty
from bot.services.outbox.kinds import backoff
from bot.services.upkeep.alone import Alone
from bot.services.upkeep.sessions import Sessions
from bot.services.upkeep.takeover import TAKEN_OVER_AFTER, Takeover
from bot.store import requests
from bot.store.database import Database
from bot.store.errors import LineLost
from bot.store.requests import Request

log = logging.getLogger(__name__)

# A request mostly waits for Slack; they share the database connections.
AT_ONCE = 40
# Requests blocked by an outage are retried until done: this bounds the delay after it.
LONGEST_WAIT = timedelta(seconds=15)
# A process that dies with a request in hand may have died of anything; a second death is the request's fault.
DEATHS = 1
RECORD_AGAIN_AFTER_S = 0.5
STORE_AGAIN_AFTER_S = 0.02
# Requests arriving at the same moment are stored first, so that their acknowledgement doesn't wait; for this long at
# most.
LETS_IN_S = 0.25


class Desk(Protocol):
    """Works on requests, and talks to whoever made them."""

    async def work(self, request: Request) -> None:
        """Do it completely; raises Failed when it has to be retried, never an error that a person could fix."""

    async def say(self, request: Request, words: str) -> None: ...

    async def found_out(self, request: Request, *, recorded: bool) -> None:
        """Whether it was recorded was in doubt, and is known now."""

    async def set_aside(self, request: Request, *, was_done: bool) -> None:
        """It will not be tried again."""


class Reception:
    """Takes requests in and hands them to the desk, a limited number at a time."""

    due_rows = None

    def __init__(self, db: Database, clock: Clock, duty: Duty, sessions: Sessions) -> None:
        self._db = db
        self._duty = duty
        self._sessions = sessions
        self._clock = clock
        self._takeover = Takeover(db, clock)
        self._desk: Desk | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._suspects: set[str] = set()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._alone = Alone()
        self._being_stored = 0
        self._all_stored = asyncio.Event()

    def worked_on_by(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def desk(self) -> Desk:
        assert self._desk is not None
        return self._desk

    async def take(self, key: str, kind: str, body: Mapping[str, Any]) -> None:
        """Store a request within a second, and start working on it when it is new.

        Raises Unreachable when nothing was stored and nothing will be. Raises Unanswered when that is unknown: we find
        out and tell whoever asked. A process too old for the database leaves the request to a newer one. One without
        sessions stores nothing, because nobody would work on it before an operator fixes the pooler.
        """
        self._sessions.must_be_own()
        request = Request(key, kind, _storable(body), self._clock.now())
        # A request waiting for its turn has no holder, so it isn't suspected if this process dies.
        has_place = not self._duty.is_suspended and not self._room.locked()
        try:
            is_new = await self._db.intake_limit.wait_for(self._store(request, has_place))
        except Unanswered:
            # Slack sends an event again until it is acknowledged.
            if kind != "event":
                self._in_background(self._find_out(request), request)
            raise
        if is_new and not self._duty.is_suspended:
            self._begin(request, in_hand=has_place)

    async def say(self, key: str, kind: str, body: Mapping[str, Any], words: str) -> None:
        """Reply to whoever made a request, stored or not, where they made it. Never raises."""
        await self.desk.say(Request(key, kind, body, self._clock.now()), words)

    async def stored(self, key: str) -> Request:
        """A stored request. Raises NotFound when it was too long ago."""
        async with self._db.transaction() as conn:
            found = await requests.get(conn, key)
        if found is None:
            raise NotFound("That was too long ago. Type it again.")
        return found

    async def take_due(self) -> int:
        """Restart what was put back, and take over what another process has not finished."""
        own = {task.get_name() for task in self._under_way}
        await self._takeover.renew(own)
        claimed = await self._takeover.claim(own, limit=AT_ONCE, suspects=not self._suspects)
        for request in claimed:
            if request.deaths > DEATHS:
                self._in_background(self._set_aside(request), request)
            else:
                self._begin(request)
        return len(claimed)

    async def next_due(self) -> datetime | None:
        return await self._takeover.next_due()

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    async def finish(self, timeout_s: float) -> None:
        """At shutdown: wait for requests in progress; the rest is taken over."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=timeout_s)
        left = [task.get_name() for task in self._under_way]
        for task in self._under_way:
            task.cancel()
        if left:
            with suppress(Failed):
                async with self._db.intake() as conn:
                    await requests.let_go(conn, left, now=self._clock.now(), holder=self._db.process)

    async def _store(self, request: Request, has_place: bool) -> bool:
        """False when it is stored already. If a connection is lost, tries another while the caller waits."""
        self._being_stored += 1
        self._all_stored.clear()
        taken_over_at = request.received_at + (timedelta(0) if self._duty.is_suspended else TAKEN_OVER_AFTER)
        holder = self._db.process if has_place else None
        try:
            while True:
                try:
                    async with self._db.intake() as conn:
                        return await requests.store(conn, request, taken_over_at=taken_over_at, holder=holder)
                except LineLost:
                    await asyncio.sleep(STORE_AGAIN_AFTER_S)
        finally:
            self._being_stored -= 1
            if not self._being_stored:
                self._all_stored.set()

    async def _find_out(self, request: Request) -> None:
        """Find out whether it was stored. If not, it never will be from here on."""
        log.warning("request=%s kind=%s: whether it was recorded is not known yet", request.key, request.kind)
        decided = partial(requests.decide, request=request)
        known = await self._see_recorded(lambda conn, now: decided(conn, now=now, lease_until=now + TAKEN_OVER_AFTER))
        log.warning("request=%s kind=%s: recorded=%s", request.key, request.kind, known)
        await self.desk.found_out(request, recorded=known != "never")
        if known == "ours":
            await self._work(request, in_hand=True)

    async def _set_aside(self, request: Request) -> None:
        why = f"{request.deaths} processes died or stood still at work on it"
        log.error("request=%s kind=%s set aside: %s", request.key, request.kind, why)
        aside = partial(requests.set_aside, request=request, error=why)
        was_done = await self._see_recorded(lambda conn, now: aside(conn, now=now))
        await self.desk.set_aside(request, was_done=was_done)

    async def _let_others_in(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LETS_IN_S):
                while self._being_stored:
                    await self._all_stored.wait()

    def _begin(self, request: Request, *, in_hand: bool = True) -> None:
        if request.deaths:
            self._suspects.add(request.key)
        self._in_background(self._work(request, in_hand=in_hand), request)

    def _in_background(self, work: Coroutine[Any, Any, None], request: Request) -> None:
        task = asyncio.create_task(work, name=request.key)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _work(self, request: Request, *, in_hand: bool) -> None:
        await self._let_others_in()
        try:
            async with self._room, self._alone.at_work(alone=request.deaths > 0):
                if in_hand or await self._take_in_hand(request):
                    await self._see_recorded(await self._outcome(request))
        finally:
            self._suspects.discard(request.key)

    async def _take_in_hand(self, request: Request) -> bool:
        """Its turn has come. With the database away start it all the same; the error will put it back."""
        try:
            async with self._db.statement() as conn:
                return await requests.take_in_hand(conn, request, holder=self._db.process)
        except Failed:
            return True

    async def _outcome(self, request: Request) -> Callable[..., Awaitable[None]]:
        """The write that records this attempt's result."""
        try:
            await self.desk.work(request)
        except TocsinError as error:
            # The database or Slack is away: retry, here or in another process, without limit.
            log.warning("request=%s kind=%s unfinished: %s", request.key, request.kind, error)
            wait = min(backoff(request.attempts + 1), LONGEST_WAIT)
            return partial(requests.put_back, request=request, wait=wait)
        except Exception as error:
            log.exception("request=%s kind=%s", request.key, request.kind)
            return partial(requests.finish, key=request.key, error=f"{type(error).__name__}: {error}")
        return partial(requests.finish, key=request.key)

    async def _see_recorded(self, record: Callable[..., Awaitable[Any]]) -> Any:
        """Retry however long the database is away; `record` must be idempotent."""
        while True:
            try:
                async with self._db.transaction() as conn:
                    return await record(conn, now=self._clock.now())
            except Failed:
                await asyncio.sleep(RECORD_AGAIN_AFTER_S)


def _storable(value: Any) -> Any:
    """The value without what PostgreSQL text cannot hold: NUL and lone surrogates."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value
