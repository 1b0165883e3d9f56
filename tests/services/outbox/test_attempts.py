"""Deliveries that wait for something poll for it: steadily if nothing wakes them, else with back-off."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.clock import Clock
from bot.domain.errors import Held
from bot.services.outbox.attempts import Attempts
from bot.services.outbox.kinds import UPDATE, DeliveryKind, IsThere, NotYet
from bot.services.outbox.limits import Limits
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

BEGAN = datetime(2026, 8, 6, 14, tzinfo=UTC)


class Waits(DeliveryKind[None]):
    """A kind whose room never exists."""

    def __init__(self, is_there: IsThere | None) -> None:
        self._is_there = is_there

    async def send(self, delivery: Delivery) -> None:
        raise NotYet("the room is not there yet", self._is_there)


async def no(conn: Connection) -> bool:
    return False


@pytest.mark.parametrize(("is_there", "longest_s"), [(None, 5), (no, 60)])
async def test_a_delivery_that_waits_for_a_room_looks_again(is_there: IsThere | None, longest_s: int) -> None:
    clock = Clock()
    clock.freeze(BEGAN)
    kinds = {"post": Waits(is_there)}
    attempts = Attempts(clock, kinds, Limits(Database("postgresql:///nowhere"), clock, kinds))
    looks = [BEGAN]
    while clock.now() < BEGAN + timedelta(minutes=30):
        delivery = Delivery(
            1, "post", {}, 1, len(looks), False, BEGAN, BEGAN, clock.now() + timedelta(seconds=15), 2, None, "slack"
        )
        again_at = (await attempts.make(delivery)).again_at
        assert again_at
        clock.move(again_at - clock.now())
        looks.append(again_at)

    gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(looks)]
    assert gaps[:4] == [5, 5, 5, 5]
    assert gaps == sorted(gaps) and gaps[-1] == longest_s
    # Where something wakes it: thirty-odd looks in half an hour, not three hundred and sixty.
    assert (len(gaps) < 50) is (is_there is not None)


class HeldBack(DeliveryKind[None]):
    async def send(self, delivery: Delivery) -> None:
        raise Held("Slack limits this channel", timedelta(seconds=1), "chat.postMessage C1")


class HeldInLine(HeldBack):
    stands_in_line = True


def held_back(number: int, kind: str, *, since: datetime = BEGAN) -> Delivery:
    lease = BEGAN + timedelta(seconds=15)
    return Delivery(number, kind, {}, 1, 1, False, since, since, lease, UPDATE, None, "slack")


@pytest.fixture
def attempts() -> Attempts:
    clock = Clock()
    clock.freeze(BEGAN)
    kinds = {"post": HeldBack(), "card": HeldInLine()}
    return Attempts(clock, kinds, Limits(Database("postgresql:///nowhere"), clock, kinds))


async def test_only_cards_queue_while_slack_rate_limits(
    attempts: Attempts,
) -> None:
    async def waits(kind: str) -> timedelta:
        outcomes = [await attempts.make(held_back(number, kind)) for number in range(600)]
        assert not any(outcome.was_tried for outcome in outcomes)
        return max(outcome.again_at or BEGAN for outcome in outcomes) - BEGAN

    # A delivery that does not queue makes the line no longer.
    assert await waits("post") == timedelta(seconds=1)
    assert timedelta(seconds=30) < await waits("card") <= timedelta(seconds=61)


async def test_a_delivery_that_was_never_tried_is_not_given_up_for_having_waited(attempts: Attempts) -> None:
    outcome = await attempts.make(held_back(1, "card", since=BEGAN - timedelta(hours=7)))
    assert outcome.state == "waiting"
