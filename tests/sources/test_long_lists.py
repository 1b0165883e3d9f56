"""Lists longer than a delivery may be."""

import json
from typing import Any

import pytest

from bot.domain.alerts.received import MOST_ALERTS
from bot.sources import WrongShape, on_the_shelf

TOO_LONG = [0] * (MOST_ALERTS + 1)


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("alertmanager", {"version": "4", "alerts": TOO_LONG}),
        ("grafana", {"status": "firing", "alerts": TOO_LONG}),
        ("generic", {"alerts": TOO_LONG}),
        ("errors", TOO_LONG),
    ],
)
def test_too_long_a_list_is_refused_before_any_entry_is_parsed(source: str, content: Any) -> None:
    with pytest.raises(WrongShape, match="send them in several"):
        on_the_shelf()[source].parse(json.dumps(content).encode(), {})
