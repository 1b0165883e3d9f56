"""Checklist boxes and their due times."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import Refused
from bot.domain.tasks.checklist import Checklist, begun, timed

NOON = datetime(2026, 8, 6, 12, tzinfo=UTC)
END = NOON + timedelta(hours=2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_boxes_ticked_early_get_their_due_times_by_their_text_and_not_by_their_position() -> None:
    early = begun([("Tell the board", DAY), ("Restore the cache", HOUR), ("Thank everybody", None)], NOON, after=None)
    at_the_end = begun([("Restore the cache", HOUR), ("Something new", HOUR), ("Tell the board", DAY)], END, after=END)

    found = timed(early, at_the_end, END)

    assert [one.what for one in found] == [one.what for one in early]
    assert [one.due_at for one in found] == [END + DAY, END + HOUR, None]


def test_only_a_verification_box_can_be_waived_with_a_reason() -> None:
    boxes = begun([("Is the site up?", None)], NOON, after=None)
    assert Checklist(1, 1, "verification", NOON, boxes).waived("ada", "Seen by hand", END).waived_why == "Seen by hand"
    with pytest.raises(Refused, match="triage"):
        Checklist(2, 1, "triage", NOON, boxes).waived("ada", "Seen by hand", END)
