"""The six milestones stay in order whatever is corrected."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.incidents.milestones import Correctable

DECLARED = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
NOW = DECLARED + timedelta(hours=2)


def at(minutes: float) -> datetime:
    return DECLARED + timedelta(minutes=minutes)


def incident(**minutes: float) -> Incident:
    times = {name: at(after) for name, after in minutes.items()}
    return Incident(1, "Down", "P1", "investigating", False, False, "ada", DECLARED, **times)  # type: ignore[arg-type]


def correct(one: Incident, **minutes: float | None) -> Incident:
    given: dict[Correctable, datetime | None] = {}
    for name, after in minutes.items():
        given[name] = None if after is None else at(after)  # type: ignore[index]
    return one.corrected(given, NOW, lambda moment: f"{moment:%H:%M}")


def test_an_incident_started_and_was_detected_at_its_first_alert_or_else_its_declaration() -> None:
    assert (incident().milestones.started, incident().milestones.detected) == (DECLARED, DECLARED)
    alerted = incident(alerted_at=-5).milestones
    assert (alerted.started, alerted.detected) == (at(-5), at(-5))


def test_an_uncorrected_milestone_follows_a_corrected_one() -> None:
    assert correct(incident(), detected=-10).milestones.started == at(-10)
    assert correct(incident(started_at=-20), started=None).milestones.started == DECLARED


def test_a_correction_past_a_neighbouring_milestone_is_refused_naming_both() -> None:
    full = incident(started_at=-20, detected_at=-10, first_acknowledged_at=5, mitigated_at=30, resolved_at=60)
    assert correct(full, started=-10).milestones.started == at(-10)
    assert correct(full, detected=0).milestones.detected == DECLARED
    assert correct(full, mitigated=5).milestones.mitigated == at(5)
    assert correct(full, mitigated=60).milestones.mitigated == at(60)
    for wrong, own, other in (
        ({"started": -9}, "Started 13:51", "detected .13:50"),
        ({"detected": 1}, "Detected 14:01", "declared .14:00"),
        ({"detected": -21}, "Detected 13:39", "started .13:40"),
        ({"mitigated": 4}, "Mitigated 14:04", "acknowledged .14:05"),
        ({"mitigated": 61}, "Mitigated 15:01", "resolved .15:00"),
        ({"started": 1, "detected": -30}, "Started 14:01", "detected .13:30"),
    ):
        with pytest.raises(Refused, match=f"{own}.*{other}"):
            correct(full, **wrong)


def test_a_milestone_cannot_be_in_the_future() -> None:
    assert correct(incident(), mitigated=120).milestones.mitigated == NOW
    with pytest.raises(Refused, match="future"):
        correct(incident(), mitigated=121)


def test_a_resolved_incident_stays_mitigated_even_when_the_field_is_emptied() -> None:
    assert correct(incident(mitigated_at=10, resolved_at=20), mitigated=None).milestones.mitigated == at(20)
    assert correct(incident(mitigated_at=10), mitigated=None).milestones.mitigated is None


def test_attaching_an_earlier_alert_later_moves_the_start_back() -> None:
    late = incident(started_at=-3, alerted_at=-9).milestones
    assert (late.started, late.detected) == (at(-9), at(-9))
