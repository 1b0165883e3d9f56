"""Batching: concurrent callers are answered together, and nobody fails because of another's input."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.services.outbox.batching import Batching


class Desk:
    """Doubles even numbers, fails on odd ones, and records each round; a round waits for the gate to open."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()

    async def double(self, numbers: Sequence[int]) -> list[int]:
        self.rounds.append(list(numbers))
        self.begun.set()
        await self.gate.wait()
        if odd := [number for number in numbers if number % 2]:
            raise ValueError(f"odd: {odd}")
        return [2 * number for number in numbers]


@pytest.fixture
async def desk() -> Desk:
    return Desk()


async def test_a_single_caller_is_answered_without_waiting_for_others(desk: Desk) -> None:
    desk.gate.set()
    assert await Batching(desk.double, limit=10).ask(4) == 8
    assert desk.rounds == [[4]]


async def test_callers_during_a_round_share_the_next_one_and_no_round_exceeds_the_limit(
    desk: Desk,
) -> None:
    batching = Batching(desk.double, limit=3)
    first = asyncio.create_task(batching.ask(2))
    await desk.begun.wait()
    others = [asyncio.create_task(batching.ask(number)) for number in (4, 6, 8, 10)]
    await asyncio.sleep(0)
    desk.gate.set()

    assert [await task for task in (first, *others)] == [4, 8, 12, 16, 20]
    assert desk.rounds == [[2], [4, 6, 8], [10]]


async def test_one_callers_error_fails_nobody_else(desk: Desk) -> None:
    desk.gate.set()
    batching = Batching(desk.double, limit=10)

    answers = await asyncio.gather(*(batching.ask(number) for number in (2, 3, 4)), return_exceptions=True)

    assert [answers[0], answers[2]] == [4, 8]
    assert str(answers[1]) == "odd: [3]"


async def test_a_cancelled_caller_does_not_cost_the_others_their_answers(desk: Desk) -> None:
    batching = Batching(desk.double, limit=10)
    impatient, patient = (asyncio.create_task(batching.ask(number)) for number in (2, 4))
    await desk.begun.wait()
    impatient.cancel()
    desk.gate.set()

    assert await patient == 8
    assert await batching.ask(6) == 12
