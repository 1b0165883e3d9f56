"""Concurrent callers share one look, and nobody gets a result from before they asked."""

import asyncio

from bot.services.upkeep.shared_look import AT_ONCE, EVERY_S, Pace, SharedLook


class Counted:
    def __init__(self) -> None:
        self.times = 0
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def look(self) -> int:
        self.times += 1
        seen = self.times
        self.has_begun.set()
        await self.may_end.wait()
        return seen


async def test_a_hundred_concurrent_callers_share_one_look() -> None:
    counted = Counted()
    counted.may_end.set()
    shared = SharedLook(counted.look)
    assert await asyncio.gather(*(shared.see() for _ in range(100))) == [1] * 100


async def test_a_caller_during_a_look_gets_the_next_one() -> None:
    counted = Counted()
    shared = SharedLook(counted.look)
    first = asyncio.ensure_future(shared.see())
    await counted.has_begun.wait()
    later = [asyncio.ensure_future(shared.see()) for _ in range(10)]
    await asyncio.sleep(0)
    counted.may_end.set()
    assert [await first, *[await one for one in later]] == [1] + [2] * 10


async def test_constant_callers_do_not_exceed_the_rate_limit_of_looks() -> None:
    counted = Counted()
    counted.may_end.set()
    shared = SharedLook(counted.look)
    for _ in range(AT_ONCE):
        await shared.see()
    one_more = asyncio.ensure_future(shared.see())
    for _ in range(100):
        await asyncio.sleep(0)
    assert (one_more.done(), counted.times) == (False, AT_ONCE)
    one_more.cancel()


def test_after_a_burst_the_next_look_is_one_interval_away_and_not_one_per_caller() -> None:
    pace = Pace()
    assert [pace.wait_s(100.0) for _ in range(AT_ONCE)] == [0] * AT_ONCE
    assert pace.wait_s(100.0) == EVERY_S
    assert pace.wait_s(100.0 + EVERY_S) == EVERY_S
    assert [pace.wait_s(200.0) for _ in range(AT_ONCE + 1)] == [0] * AT_ONCE + [EVERY_S]


async def test_a_caller_who_hangs_up_does_not_cancel_the_shared_look() -> None:
    counted = Counted()
    shared = SharedLook(counted.look)
    gone, stays = asyncio.ensure_future(shared.see()), asyncio.ensure_future(shared.see())
    await counted.has_begun.wait()
    gone.cancel()
    counted.may_end.set()
    assert await stays == 1
