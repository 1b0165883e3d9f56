"""Sandbox events that send alerts in their systems' own formats."""

import json

import pytest

from bot.sandbox.alert_events import SAMPLES, alert_events
from bot.sources import on_the_shelf

FILES = sorted(file.name.removesuffix(".json") for file in SAMPLES.iterdir() if file.name.endswith(".json"))


@pytest.mark.parametrize("source", FILES)
def test_each_sample_is_parsed_by_its_source_as_a_firing_alert(source: str) -> None:
    reading = on_the_shelf()[source].parse((SAMPLES / f"{source}.json").read_bytes(), {})
    assert [one.firing for one in reading.alerts] == [True] and not reading.odd


async def test_a_storm_is_many_alerts_in_a_few_whole_groups() -> None:
    posted: list[tuple[str, bytes]] = []

    async def post(source: str, body: bytes) -> None:
        posted.append((source, body))

    (storm,) = [event for event in alert_events(post) if event.id == "alert-storm"]
    await storm.happen()
    readings = [on_the_shelf()[source].parse(body, {}) for source, body in posted]
    fingerprints = {one.fingerprint for reading in readings for one in reading.alerts}
    assert len(readings) == 5 and len(fingerprints) == 200
    assert all(json.loads(body)["groupKey"] for _, body in posted)
