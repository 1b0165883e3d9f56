"""Which deliveries may be stored in one transaction, and how they are folded."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.alerts.arrival import Arrival, Together, folded
from bot.domain.alerts.received import Listing, ReceivedAlert
from bot.domain.alerts.rules import gathered

NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
DISK = ReceivedAlert("Disk full", True, "disk", starts_at=NOW, told_by="first", group="host")
OTHER = replace(DISK, fingerprint="other", group="elsewhere")


def arrival(*alerts: ReceivedAlert, listed: str | None = None, key: str | None = None) -> Arrival:
    listings = [Listing(listed)] if listed else []
    return Arrival("generic", gathered([], "generic", alerts, NOW), NOW, listings, len(alerts), key)


def go_together(first: Arrival, second: Arrival) -> bool:
    together = Together(10)
    return together.take(first) and together.take(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (arrival(DISK), arrival(OTHER)),
        (arrival(DISK), arrival(DISK)),
        (arrival(DISK), arrival(replace(DISK, title="Disk still full", severity="critical"))),
        (arrival(DISK, key="1"), arrival(OTHER, key="2")),
        (arrival(DISK, listed="host"), arrival(OTHER, listed="elsewhere")),
        (arrival(replace(DISK, told_by=None)), arrival()),
    ],
)
def test_deliveries_about_different_alerts_or_that_only_keep_firing_are_stored_together(
    first: Arrival, second: Arrival
) -> None:
    assert go_together(first, second)


@pytest.mark.parametrize(
    "second",
    [
        arrival(replace(DISK, firing=False)),
        arrival(replace(DISK, starts_at=NOW + timedelta(minutes=1))),
        arrival(replace(DISK, group="elsewhere")),
        arrival(OTHER, replace(DISK, firing=False)),
        arrival(replace(OTHER, told_by="second")),
        arrival(replace(OTHER, told_by=None)),
        arrival(replace(OTHER, group="host"), listed="host"),
        arrival(OTHER, listed="host"),
        arrival(OTHER, key="1"),
        replace(arrival(OTHER), source="alertmanager"),
    ],
)
def test_a_delivery_that_changes_the_same_alert_or_comes_from_another_source_waits(second: Arrival) -> None:
    first = arrival(DISK, key="1")
    assert not go_together(first, second)
    assert not go_together(second, first)


def test_at_most_the_limit_of_alerts_is_stored_together_but_a_larger_delivery_alone() -> None:
    together, two = Together(3), arrival(DISK, OTHER)
    assert together.take(two) and not together.is_full
    assert not together.take(arrival(*(replace(DISK, fingerprint=str(n)) for n in range(2))))
    assert together.take(arrival(replace(DISK, fingerprint="3"))) and together.is_full
    assert Together(1).take(two)


def test_folding_keeps_each_alert_once_with_its_latest_state_and_its_number_of_repeats() -> None:
    first, again, other = arrival(DISK, DISK), arrival(replace(DISK, title="Still full")), arrival(OTHER)
    told = folded([(7, first), (8, again), (9, other)])
    assert [(one.alert.title, one.times, one.delivery) for one in told] == [
        ("Still full", 3, 8), ("Disk full", 1, 9),
    ]  # fmt: skip
