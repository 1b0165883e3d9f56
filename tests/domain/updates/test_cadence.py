"""When the room is reminded of the next promised update, for promises long and short."""

from datetime import timedelta

import pytest

from bot.domain.updates.cadence import NEAR, SHORT, promise
from tests.domain.updates.conftest import NOON

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("span", "stage", "asked_after"),
    [
        (SHORT - SECOND, "due", SHORT - SECOND),
        (SHORT, "near", SHORT - NEAR),
        (timedelta(minutes=30), "near", timedelta(minutes=25)),
        (timedelta(0), "due", timedelta(0)),
    ],
)
def test_a_reminder_comes_five_minutes_ahead_unless_that_is_half_the_interval(
    span: timedelta, stage: str, asked_after: timedelta
) -> None:
    made = promise(1, "clients", NOON, NOON + span)
    assert (made.stage, made.due_at) == (stage, NOON + asked_after)


def test_an_update_is_late_after_the_same_time_again_and_never_at_once() -> None:
    assert promise(1, "clients", NOON, NOON + SHORT).span == SHORT
    assert promise(1, "clients", NOON, NOON).span == timedelta(minutes=1)
