"""What a status page shows for the updates sent to it: it claims nothing unsaid or untrue."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.updates.status_page import Meaning, PublicIncident, Sent, StatusPage, incidents_of

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
FEED = "tag:example.com,2026-08-08:1"
HOUR = timedelta(hours=1)


def sent(*moments: str, is_open: bool, severity: str = "P1") -> list[Sent]:
    return [
        Sent(number, 12, moment, severity, f"subject {number}", f"text {number}", NOON + number * HOUR, is_open)  # type: ignore[arg-type]
        for number, moment in enumerate(moments)
    ]


def meaning(severity: str | None) -> Meaning:
    return Meaning(int((severity or "P9")[1:]), f"means {severity}")


def shown(texts: list[Sent]) -> PublicIncident:
    (incident,) = incidents_of(texts, FEED, meaning)
    return incident


def page(incidents: list[PublicIncident]) -> StatusPage:
    return StatusPage("Status", "Example Tutors", FEED, None, NOON, NOON, incidents)


@pytest.mark.parametrize(
    ("moments", "is_open", "state"),
    [
        (["declared"], True, "open"),
        # No update has said yet that it is over.
        (["declared", "update"], False, "open"),
        (["declared", "resolved"], False, "over"),
        (["declared", "resolved", "all_clear"], False, "over"),
        # No update has said yet that it is back.
        (["declared", "resolved"], True, "unsure"),
        (["declared", "resolved", "reopened"], True, "open"),
        # An update without a status leaves the status as it was.
        (["declared", "resolved", "postmortem"], False, "over"),
        (["declared", "something new"], True, "open"),
        (["postmortem"], False, "over"),
        (["postmortem"], True, "open"),
    ],
)
def test_an_incident_has_the_status_its_readers_were_last_told(moments: list[str], is_open: bool, state: str) -> None:
    assert shown(sent(*moments, is_open=is_open)).state == state


def test_an_incident_ended_when_its_end_was_announced_and_not_when_its_monitoring_ended() -> None:
    assert shown(sent("declared", "resolved", "all_clear", "postmortem", is_open=False)).ended_at == NOON + HOUR
    assert shown(sent("declared", is_open=True)).ended_at is None


def test_all_is_well_only_while_nothing_is_open_or_in_doubt() -> None:
    over, unsure, is_open = (
        shown(sent("declared", "resolved", is_open=False)),
        shown(sent("declared", "resolved", is_open=True)),
        shown(sent("declared", is_open=True)),
    )
    assert page([]).state == page([over]).state == "over"
    assert page([over, unsure]).state == "unsure"
    assert page([over, unsure, is_open]).state == "open"
    assert page([over, unsure]).worst is None


def test_an_id_is_stable_and_reveals_neither_number_nor_owner() -> None:
    first, again = (shown(sent("declared", is_open=True)) for _ in range(2))
    assert (first.id, first.words[0].id) == (again.id, again.words[0].id)
    (other,) = incidents_of(sent("declared", is_open=True), "tag:example.com,2026-08-08:2", meaning)
    assert other.id != first.id
