"""The sample of each source, as it is and with anything at any place in it."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot.sandbox
from bot.domain.alerts.received import ReceivedAlert
from bot.sources import Unreadable, WrongShape, on_the_shelf

SHELF = on_the_shelf()
SAMPLES = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(bot.sandbox.__file__).parent / "samples").glob("*.json"))
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_holds_an_alert_that_fires(name: str) -> None:
    reading = SHELF[name].parse(json.dumps(SAMPLES[name]).encode(), {})
    assert any(alert.firing and not alert.is_test for alert in reading.alerts)
    assert not reading.odd


@pytest.mark.parametrize("name", SAMPLES)
@given(draw=st.data())
def test_a_sample_with_anything_at_any_place_is_read_or_refused(name: str, draw: st.DataObject) -> None:
    content = deepcopy(SAMPLES[name])
    holder, key = draw.draw(st.sampled_from(places(content)))
    holder[key] = draw.draw(ANYTHING)
    try:
        alerts = SHELF[name].parse(json.dumps(content).encode(), {}).alerts
    except (Unreadable, WrongShape) as refusal:
        assert str(refusal)
    else:
        assert all(isinstance(one, ReceivedAlert) and one.title and one.fingerprint for one in alerts)


def places(content: Any) -> list[tuple[Any, Any]]:
    """Each as what holds it, and its name or number there."""
    own: list[Any] = list(content) if isinstance(content, dict) else []
    own = list(range(len(content))) if isinstance(content, list) else own
    return [(content, key) for key in own] + [place for key in own for place in places(content[key])]
