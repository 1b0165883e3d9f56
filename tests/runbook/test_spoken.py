"""Durations as people type them."""

from datetime import timedelta

import pytest

from bot.domain.errors import Refused
from bot.runbook import spoken_duration
from bot.runbook.mistakes import advised


@pytest.mark.parametrize("typed", ["20m", "20 min", "20 minutes", "for 20 mins.", "in 20 minutes", "20Min"])
def test_units_may_be_spelled_out(typed: str) -> None:
    assert spoken_duration(typed) == timedelta(minutes=20)


def test_combined_units_and_seconds_are_understood() -> None:
    assert spoken_duration("1 hour 30 minutes") == timedelta(minutes=90)
    assert spoken_duration("90 secs") == timedelta(seconds=90)
    with pytest.raises(Refused):
        spoken_duration("20 mice")


def test_the_advice_is_a_single_sentence() -> None:
    assert advised("websit", ["website"]) == "Did you mean website?"
    assert advised("x", ["website", "orders"]) == "Choose one of website, orders."
    assert advised("x", ["website"]) == "The only one is website."
    assert advised("x", []) == "There are none yet."
