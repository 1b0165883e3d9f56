"""A resource opened after its caller gave up is closed."""

import asyncio

import pytest

from bot.wire.opening import opened


async def test_a_resource_that_opens_after_its_caller_gave_up_is_closed() -> None:
    come, closed = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def opening() -> str:
        await come.wait()
        return "it"

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await opened(opening(), closed.set_result)
    assert not closed.done()
    come.set()
    assert await closed == "it"


async def test_a_resource_its_caller_waited_for_stays_open() -> None:
    async def opening() -> str:
        return "it"

    closed: list[str] = []
    assert await opened(opening(), closed.append) == "it"
    await asyncio.sleep(0)
    assert closed == []


async def test_a_failure_to_open_after_the_caller_gave_up_is_ignored() -> None:
    async def opening() -> str:
        raise OSError

    waiting = asyncio.ensure_future(opened(opening(), pytest.fail))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled() or isinstance(waiting.exception(), OSError)
