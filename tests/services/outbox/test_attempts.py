"""What waits for something else looks again: soon where nobody wakes it, and ever more seldom where somebody does."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.clock import Clock
from bot.domain.errors import Held
from bot.services.outbox.attempts import Attempts
from bot.services.outbox.kinds import CARD, PAGE, ROOM, DeliveryKind, IsThere, NotYet
from bot.services.outbox.limits import Limits
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

BEGAN = datetime(2026, 8, 6, 14, tzinfo=UTC)


class Waits(DeliveryKind[None]):
    """Its room is never there."""

    def __init__(self, is_there: IsThere | None) -> None:
        self._is_there = is_there

    async def send(self, delivery: Delivery) -> None:
        raise NotYet("the room is not there yet", self._is_there)


async def no(conn: Connection) -> bool:
    return False


@pytest.mark.parametrize(("is_there", "longest_s"), [(None, 5), (no, 60)])
async def test_what_waits_for_a_room_looks_again(is_there: IsThere | None, longest_s: int) -> None:
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
    # In half an hour thirty-odd looks, and not three hundred and sixty, where somebody wakes it.
    assert (len(gaps) < 50) is (is_there is not None)


class HeldBack(DeliveryKind[None]):
    async def send(self, delivery: Delivery) -> None:
        raise Held("Slack limits this channel", timedelta(seconds=1), timedelta(seconds=30))


@pytest.mark.parametrize(
    ("priority", "was_held", "after_s"), [(PAGE, True, 1), (ROOM, True, 1), (CARD, False, 1), (CARD, True, 30)]
)
async def test_only_what_may_wait_stands_in_line_where_slack_takes_no_more(
    priority: int, was_held: bool, after_s: int
) -> None:
    clock = Clock()
    clock.freeze(BEGAN)
    kinds = {"post": HeldBack()}
    attempts = Attempts(clock, kinds, Limits(Database("postgresql:///nowhere"), clock, kinds))
    lease = BEGAN + timedelta(seconds=15)
    delivery = Delivery(1, "post", {}, 1, 1, False, BEGAN, BEGAN, lease, priority, None, "slack", was_held)
    outcome = await attempts.make(delivery)
    assert outcome.again_at == BEGAN + timedelta(seconds=after_s) and not outcome.was_tried
