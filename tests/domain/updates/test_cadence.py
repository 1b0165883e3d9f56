"""When the room is asked for the next update that was promised: both sides of what is too short to be asked ahead."""

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
def test_it_is_asked_for_five_minutes_ahead_unless_that_is_half_of_it(
    span: timedelta, stage: str, asked_after: timedelta
) -> None:
    made = promise(1, "clients", NOON, NOON + span)
    assert (made.stage, made.due_at) == (stage, NOON + asked_after)


def test_it_is_late_after_as_long_again_and_never_at_once() -> None:
    assert promise(1, "clients", NOON, NOON + SHORT).span == SHORT
    assert promise(1, "clients", NOON, NOON).span == timedelta(minutes=1)
