"""What is cancelled ends, however it gives up."""

import asyncio

from bot.wire.timeouts import stays_cancelled


async def test_a_cancellation_that_comes_with_what_was_waited_for_is_not_lost() -> None:
    """`asyncio.wait_for` of Python 3.11 returns what came, and forgets that it was cancelled."""
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


async def test_a_cancellation_that_ends_in_an_error_is_one_all_the_same() -> None:
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


async def test_an_error_is_an_error_when_nobody_cancels() -> None:
    error: Exception | None = None
    try:
        with stays_cancelled():
            raise ConnectionError
    except ConnectionError as raised:
        error = raised
    assert error
