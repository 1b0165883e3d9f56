"""What is opened when nobody waits for it any more is closed."""

import asyncio

import pytest

from bot.wire.opening import opened


async def test_what_is_open_when_nobody_waits_for_it_any_more_is_closed() -> None:
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


async def test_what_somebody_has_waited_for_stays_open() -> None:
    async def opening() -> str:
        return "it"

    closed: list[str] = []
    assert await opened(opening(), closed.append) == "it"
    await asyncio.sleep(0)
    assert closed == []


async def test_what_could_not_be_opened_is_no_fault_when_nobody_waits_for_it_any_more() -> None:
    async def opening() -> str:
        raise OSError

    waiting = asyncio.ensure_future(opened(opening(), pytest.fail))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled() or isinstance(waiting.exception(), OSError)
