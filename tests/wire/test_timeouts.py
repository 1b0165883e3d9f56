"""A cancelled task ends, however it reacts to the cancellation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from bot.domain.errors import Unanswered, Unreachable
from bot.wire.timeouts import Doing, TimeLimit, done_for, in_hand, is_committing, stays_cancelled


async def test_a_cancellation_that_arrives_together_with_the_result_is_not_lost() -> None:
    """Python 3.11's `asyncio.wait_for` returns the result and swallows the cancellation."""
    comes, may_go_on = asyncio.Event(), asyncio.Event()

    async def wait_for_ever() -> None:
        while not may_go_on.is_set():
            with stays_cancelled():
                await asyncio.wait_for(comes.wait(), 10)
            comes.clear()

    waiting = asyncio.create_task(wait_for_ever())
    for _ in range(3):
        await asyncio.sleep(0)
    comes.set()
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    may_go_on.set()
    comes.set()
    await asyncio.wait([waiting])
    assert waiting.cancelled()


async def test_a_cancellation_that_ends_in_an_error_is_still_a_cancellation() -> None:
    async def give_up() -> None:
        with stays_cancelled():
            try:
                await asyncio.Event().wait()
            finally:
                raise ConnectionError

    giving_up = asyncio.create_task(give_up())
    await asyncio.sleep(0)
    giving_up.cancel()
    await asyncio.wait([giving_up])
    assert giving_up.cancelled()


async def test_without_a_cancellation_an_error_stays_an_error() -> None:
    error: Exception | None = None
    try:
        with stays_cancelled():
            raise ConnectionError
    except ConnectionError as raised:
        error = raised
    assert error


async def test_a_context_entered_after_its_caller_gave_up_is_exited_at_once() -> None:
    seen: list[str] = []
    go, over = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def deaf() -> AsyncIterator[None]:
        """Swallows its cancellation, as `asyncio.wait_for` may."""
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await go.wait()
        seen.append("entered")
        yield
        seen.append("left")
        over.set()

    with pytest.raises(Unreachable):
        async with TimeLimit(0.001).entered(deaf()):
            seen.append("used")
    go.set()
    async with asyncio.timeout(30):
        await over.wait()
    assert seen == ["entered", "left"]


async def test_a_context_entered_at_the_moment_of_the_cancellation_is_exited() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def last_moment() -> AsyncIterator[None]:
        user.cancel()
        yield
        seen.append("left")

    async def use() -> None:
        async with TimeLimit(30).entered(last_moment()):
            seen.append("used")

    user = asyncio.create_task(use())
    with pytest.raises(asyncio.CancelledError):
        await user
    assert seen == ["left"]


async def test_a_context_sees_the_error_raised_within_it() -> None:
    heard: list[type[BaseException]] = []

    @asynccontextmanager
    async def listening() -> AsyncIterator[None]:
        try:
            yield
        except ValueError as error:
            heard.append(type(error))
            raise

    with pytest.raises(ValueError):
        async with TimeLimit(30).entered(listening()):
            raise ValueError
    assert heard == [ValueError]


async def test_a_commit_by_another_task_for_several_may_have_changed_something_for_each() -> None:
    waiting: list[Doing | None] = []

    async def hand_over() -> None:
        waiting.append(in_hand())
        await asyncio.Event().wait()

    handing_over = [asyncio.create_task(TimeLimit(0.05).wait_for(hand_over())) for _ in range(2)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(waiting) == 2
    with done_for(waiting):
        is_committing()
    said = await asyncio.gather(*handing_over, return_exceptions=True)
    assert [type(one) for one in said] == [Unanswered, Unanswered]
