"""Time limits that know whether something may have been committed; work that takes longer is abandoned."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from bot.clock import Clock
from bot.domain.errors import Unanswered, Unreachable

Result = TypeVar("Result")


@dataclass
class Doing:
    """A piece of work that somebody waits for. `may_have_changed`: it has sent a COMMIT."""

    may_have_changed: bool = False
    part_of: "tuple[Doing, ...]" = ()

    def is_committing(self) -> None:
        self.may_have_changed = True
        for whole in self.part_of:
            whole.is_committing()


_DOING: ContextVar[Doing | None] = ContextVar("doing", default=None)


def is_committing() -> None:
    """Call right before sending a COMMIT: from here on nobody may say that nothing was done."""
    if doing := _DOING.get():
        doing.is_committing()


def in_hand() -> Doing | None:
    """The work that the caller's time limit waits for, for `done_for`; None without a limit."""
    return _DOING.get()


@contextmanager
def done_for(waiting: Iterable[Doing | None]) -> Iterator[None]:
    """Whatever a task commits within the block counts as committed for all of these, who wait for it."""
    token = _DOING.set(Doing(part_of=tuple(one for one in waiting if one)))
    try:
        yield
    finally:
        _DOING.reset(token)


@contextmanager
def stays_cancelled() -> Iterator[None]:
    """A task cancelled within the block ends cancelled, even if the cancelled operation raised another error, or none.

    `asyncio.wait_for`, which the pool uses, loses a cancellation that coincides with the result (Python 3.11). Then an
    endless loop would go on, and whoever cancelled it would wait for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    cause: Exception | None = None
    try:
        yield
    except Exception as error:
        cause = error
        if task is None or task.cancelling() <= before:
            raise
    if task and task.cancelling() > before:
        raise asyncio.CancelledError from cause


class _Entry(Generic[Result]):
    """A context that one task enters for another, which may have stopped waiting by then."""

    def __init__(self) -> None:
        self.held = AsyncExitStack()
        self._is_wanted = True

    async def make(self, wanted: AbstractAsyncContextManager[Result]) -> Result:
        async with AsyncExitStack() as entering:
            value = await entering.enter_async_context(wanted)
            # There is no await from here to the end: the context is either kept or exited.
            if self._is_wanted:
                self.held = entering.pop_all()
        return value

    async def give_up(self) -> None:
        self._is_wanted = False
        await self.held.aclose()


class Deadline:
    """A time span shared by consecutive stages: each takes what is left.

    Starts with `begin`, or the first time somebody asks what is left. `begin` is idempotent.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.seconds = seconds
        self._clock = clock
        self._at: timedelta | None = None

    def begin(self) -> timedelta:
        """Returns its end, on the steady counter."""
        if self._at is None:
            self._at = self._clock.elapsed() + timedelta(seconds=self.seconds)
        return self._at

    def left_s(self, *, keep_s: float = 0.0) -> float:
        """Seconds left, never negative; `keep_s`: how many to reserve for later stages."""
        left = self.begin() - self._clock.elapsed()
        return max(left.total_seconds() - keep_s, 0.0)


class TimeLimit:
    """A limit in seconds for each piece of work.

    `asyncio.timeout` wouldn't do: cancelled on a dead connection, the driver takes ten more seconds to give up a
    statement. Here the work is cancelled and abandoned, and ends whenever it does.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Returns or raises what the work does.

        When the time is up: Unreachable if it has committed nothing and never will; else Unanswered.
        """
        waiting = _DOING.get()
        doing = Doing(part_of=(waiting,) if waiting else ())
        token = _DOING.set(doing)
        task = asyncio.create_task(work)
        _DOING.reset(token)
        try:
            await asyncio.wait({task}, timeout=self.seconds)
        finally:
            if not task.done():
                self._abandon(task)
        if not task.done():
            raise _unknown(doing)(f"no answer within {self.seconds:g} s")
        try:
            return task.result()
        except Unreachable as error:
            if doing.may_have_changed:
                raise Unanswered(str(error)) from error
            raise

    @asynccontextmanager
    async def entered(self, wanted: AbstractAsyncContextManager[Result]) -> AsyncIterator[Result]:
        """As `async with wanted`, but entering has a time limit; the block has none.

        A context entered when nobody waits any more is exited at once: a cancellation may be lost on the way (see
        `stays_cancelled`), and it would be held for ever.
        """
        entry: _Entry[Result] = _Entry()
        try:
            value = await self.wait_for(entry.make(wanted))
        except BaseException:
            await entry.give_up()
            raise
        async with entry.held:
            yield value

    def _abandon(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)
        # Retrieve its exception: nobody else will.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        task.cancel()


def _unknown(doing: Doing) -> type[Unanswered] | type[Unreachable]:
    return Unanswered if doing.may_have_changed else Unreachable
