"""Each source's sample, as it is and fuzzed with any value in any place."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot.sandbox
from bot.domain.alerts.received import ReceivedAlert
from bot.domain.text import plain
from bot.sources import Unreadable, WrongShape, on_the_shelf
from bot.sources._shapes import TEXT_LENGTH

SHELF = on_the_shelf()
SAMPLES = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(bot.sandbox.__file__).parent / "samples").glob("*.json"))
}
SIGNING_HEADERS = [
    "X-Grafana-Alerting-Signature", "X-Grafana-Alerting-Timestamp", "Sentry-Hook-Signature", "Stripe-Signature",
]  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
) | st.sampled_from(["a\0b", "\u202e", "x" * 9_000])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_contains_a_firing_alert(name: str) -> None:
    reading = SHELF[name].parse(json.dumps(SAMPLES[name]).encode(), {})
    assert any(alert.firing and not alert.is_test for alert in reading.alerts)
    assert not reading.odd


@pytest.mark.parametrize("name", SAMPLES)
@given(draw=st.data())
def test_a_sample_with_any_value_in_any_place_is_accepted_or_refused(name: str, draw: st.DataObject) -> None:
    content = deepcopy(SAMPLES[name])
    holder, key = draw.draw(st.sampled_from(places(content)))
    holder[key] = draw.draw(ANYTHING)
    source, body = SHELF[name], json.dumps(content).encode()
    assert source.token_in is None or source.token_in(body) is None or isinstance(source.token_in(body), str)
    try:
        alerts = source.parse(body, {}).alerts
    except (Unreadable, WrongShape) as refusal:
        assert str(refusal)
        return
    assert all(isinstance(one, ReceivedAlert) and one.title and one.fingerprint for one in alerts)
    for text in (text for one in alerts for text in texts(asdict(one))):
        assert plain(text) == text and len(text) <= TEXT_LENGTH, "what no column and no card can hold"
    key = source.delivery(body, {}) if source.delivery else None
    assert key is None or isinstance(key, str)
    status, answer = source.answer(body, len(alerts)) if source.answer else (202, {})
    assert status in (200, 202) and json.dumps(answer)


@pytest.mark.parametrize("name", [name for name in SAMPLES if SHELF[name].is_signed])
@given(given_with=st.dictionaries(st.sampled_from(SIGNING_HEADERS), st.text()), body=st.binary())
def test_no_header_alone_counts_as_a_signature(name: str, given_with: dict[str, str], body: bytes) -> None:
    is_signed = SHELF[name].is_signed
    assert is_signed is not None
    assert not is_signed(body, given_with, "secret", datetime(2026, 8, 6, 14, 0, tzinfo=UTC))


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (text for pair in value.items() for one in pair for text in texts(one))
    elif isinstance(value, str):
        yield value


def places(content: Any) -> list[tuple[Any, Any]]:
    """Every place as its container and the key or index in it."""
    own: list[Any] = list(content) if isinstance(content, dict) else []
    own = list(range(len(content))) if isinstance(content, list) else own
    return [(content, key) for key in own] + [place for key in own for place in places(content[key])]
