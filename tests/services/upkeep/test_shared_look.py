"""Many who look at once share a look, and nobody is told what was found out before they asked."""

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


async def test_a_hundred_who_ask_at_once_share_one_look() -> None:
    counted = Counted()
    counted.may_end.set()
    shared = SharedLook(counted.look)
    assert await asyncio.gather(*(shared.see() for _ in range(100))) == [1] * 100


async def test_who_asks_during_a_look_gets_the_next_one() -> None:
    counted = Counted()
    shared = SharedLook(counted.look)
    first = asyncio.ensure_future(shared.see())
    await counted.has_begun.wait()
    later = [asyncio.ensure_future(shared.see()) for _ in range(10)]
    await asyncio.sleep(0)
    counted.may_end.set()
    assert [await first, *[await one for one in later]] == [1] + [2] * 10


async def test_a_crowd_that_never_stops_asking_looks_no_more_often_than_may_be() -> None:
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


def test_after_many_at_once_the_next_look_is_a_second_away_and_not_as_far_as_all_of_them_together() -> None:
    pace = Pace()
    assert [pace.wait_s(100.0) for _ in range(AT_ONCE)] == [0] * AT_ONCE
    assert pace.wait_s(100.0) == EVERY_S
    assert pace.wait_s(100.0 + EVERY_S) == EVERY_S
    assert [pace.wait_s(200.0) for _ in range(AT_ONCE + 1)] == [0] * AT_ONCE + [EVERY_S]


async def test_who_hangs_up_takes_the_look_from_nobody() -> None:
    counted = Counted()
    shared = SharedLook(counted.look)
    gone, stays = asyncio.ensure_future(shared.see()), asyncio.ensure_future(shared.see())
    await counted.has_begun.wait()
    gone.cancel()
    counted.may_end.set()
    assert await stays == 1
