"""Two concurrent pieces of work: both finish, or neither keeps running."""

import asyncio

import pytest

from bot.domain.errors import Rejected
from bot.services.backups.long_work import side_by_side


async def answer(number: int) -> int:
    return number


async def fail() -> int:
    raise Rejected("no")


async def test_both_answers_come_back_in_their_order() -> None:
    assert await side_by_side(answer(1), answer(2)) == (1, 2)


@pytest.mark.parametrize("first_fails", [True, False])
async def test_when_one_fails_the_other_is_stopped_before_the_error_is_raised(first_fails: bool) -> None:
    stopped = asyncio.Event()

    async def go_on() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return 0

    with pytest.raises(Rejected):
        await (side_by_side(fail(), go_on()) if first_fails else side_by_side(go_on(), fail()))
    assert stopped.is_set()


async def test_when_both_are_cancelled_from_outside_neither_keeps_running() -> None:
    begun = asyncio.Event()
    stopped = []

    async def go_on() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(True)

    both = asyncio.create_task(side_by_side(go_on(), go_on()))
    await begun.wait()
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both
    assert len(stopped) == 2
