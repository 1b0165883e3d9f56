"""Stores what Slack sends before it is acknowledged, and sees to it that it is worked on, whoever is alive."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.domain.errors import NotFound, TocsinError, Unreachable
from bot.patience import Patience
from bot.services.errands import backoff
from bot.services.schema import Schema
from bot.store import requests
from bot.store.database import Database
from bot.store.requests import Request

log = logging.getLogger(__name__)

# Whoever stored a request works on it at once; when it is not finished by then, any process takes it over.
TAKEN_OVER_AFTER = timedelta(seconds=15)
# A request that kills its worker again and again is left alone, with its error.
ATTEMPTS = 8
# Most of a request is waiting for Slack; the connections to the database part the rest among them.
AT_ONCE = 40
RECORD_AGAIN_AFTER_S = 0.5
# The person is waiting, and Slack for the acknowledgement: after three seconds it would say that the app is broken.
PATIENCE_S = 1.0

# Whatever else comes in at the same moment is stored first: its acknowledgement must not wait for this work. At most:
LETS_IN_S = 0.25

# Works on one request to its end; raises nothing that a person could mend.
Desk = Callable[[Request], Awaitable[None]]


class Reception:
    """Takes requests in and hands them to the desk, a few at a time."""

    def __init__(self, db: Database, clock: Clock, schema: Schema) -> None:
        self._db = db
        self._schema = schema
        self._clock = clock
        self._desk: Desk | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._patience = Patience(PATIENCE_S)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._being_stored = 0
        self._all_stored = asyncio.Event()

    def worked_on_by(self, desk: Desk) -> None:
        self._desk = desk

    async def take(self, key: str, kind: str, body: Mapping[str, Any]) -> None:
        """Store a request, and begin to work on it when it is new. Raises Unreachable within a second.

        A process that is too old for the database leaves it to a newer one.
        """
        request = Request(key, kind, _storable(body), self._clock.now())
        if await self._patience.wait_for(self._store(request)) and self._schema.is_known:
            self._begin(request)

    async def stored(self, key: str) -> Request:
        """What was asked before. Raises NotFound when it is too long ago."""
        async with self._db.transaction() as conn:
            found = await requests.get(conn, key)
        if found is None:
            raise NotFound("That was asked too long ago. Type it again.")
        return found

    async def take_due(self) -> int:
        """Take over what another process has stored and not finished."""
        now = self._clock.now()
        async with self._db.statement() as conn:
            left_over = await requests.claim_left_over(
                conn, now=now, lease_until=now + TAKEN_OVER_AFTER, limit=AT_ONCE, holder=self._db.process
            )
        own = {task.get_name() for task in self._under_way}
        for request in left_over:
            if request.key in own:
                continue
            if request.attempts > ATTEMPTS:
                log.error("request=%s kind=%s given up", request.key, request.kind)
                await self._see_recorded(partial(requests.finish, key=request.key, error="it was begun too often"))
            else:
                self._begin(request)
        return len(left_over)

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            return await requests.next_due(conn)

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    async def finish(self, patience_s: float) -> None:
        """At shutdown: let what is under way end; the rest is taken over."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=patience_s)
        for task in self._under_way:
            task.cancel()

    async def _store(self, request: Request) -> bool:
        self._being_stored += 1
        self._all_stored.clear()
        try:
            async with self._db.intake() as conn:
                taken_over_at = request.received_at + (TAKEN_OVER_AFTER if self._schema.is_known else timedelta(0))
                return await requests.store(conn, request, taken_over_at=taken_over_at, holder=self._db.process)
        finally:
            self._being_stored -= 1
            if not self._being_stored:
                self._all_stored.set()

    async def _let_others_in(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LETS_IN_S):
                while self._being_stored:
                    await self._all_stored.wait()

    def _begin(self, request: Request) -> None:
        task = asyncio.create_task(self._work(request), name=request.key)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _work(self, request: Request) -> None:
        assert self._desk is not None
        outcome = partial(requests.finish, key=request.key)
        await self._let_others_in()
        async with self._room:
            try:
                await self._desk(request)
            except TocsinError as error:
                # The database or Slack is away: it is begun again, here or by another process.
                log.warning("request=%s kind=%s unfinished: %s", request.key, request.kind, error)
                outcome = partial(requests.put_back, request=request, wait=backoff(request.attempts + 1))
            except Exception as error:
                log.exception("request=%s kind=%s", request.key, request.kind)
                outcome = partial(requests.finish, key=request.key, error=f"{type(error).__name__}: {error}")
        await self._see_recorded(outcome)

    async def _see_recorded(self, outcome: Callable[..., Awaitable[None]]) -> None:
        """However long the database is away: what stays open would be begun again."""
        while True:
            try:
                async with self._db.transaction() as conn:
                    await outcome(conn, now=self._clock.now())
                return
            except Unreachable:
                await asyncio.sleep(RECORD_AGAIN_AFTER_S)


def _storable(value: Any) -> Any:
    """The same without what PostgreSQL keeps in no text: the sign NUL, and halves of a pair of surrogates."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, list) else value
