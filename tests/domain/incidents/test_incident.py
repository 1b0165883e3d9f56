"""Room names, titles, references, and which deeds an incident's status allows."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incidents.incident import (
    TITLE_LENGTH,
    Incident,
    looks_like_severity,
    must_be_open,
    must_be_resolved,
    must_not_be_resolved_twice,
    number_of,
    numbered,
    room_name,
    status_of,
    title_of,
)

NOW = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


def incident(title: str = "Payments failing", at: datetime = NOW, **fields: object) -> Incident:
    base = {
        "id": 7,
        "severity": "P1",
        "status": "investigating",
        "drill": False,
        "private": False,
        "declared_by": "ada",
    }
    return Incident(title=title, declared_at=at, **{**base, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Payments failing", "payments-failing"),
        ("  Can't  log in!! ", "can-t-log-in"),
        ("API/v2: 500s & time-outs", "api-v2-500s-time-outs"),
        ("Zażółć café", "zazo-c-cafe"),  # a letter without an ASCII form becomes a hyphen, like punctuation
        ("🔥🔥🔥", "inc-7"),  # no usable character left
        ("データベース障害", "inc-7"),
    ],
)
def test_a_room_is_named_after_its_date_and_title(title: str, words: str) -> None:
    assert room_name(incident(title), "inc", LONDON) == f"inc-2026-08-08-{words}"


def test_a_rooms_date_is_in_the_runbooks_time_zone() -> None:
    late = datetime(2026, 8, 8, 23, 30, tzinfo=UTC)
    assert room_name(incident(at=late), "inc", LONDON).startswith("inc-2026-08-09-")


def test_a_room_name_is_truncated_at_a_word_to_slacks_eighty_characters() -> None:
    fits = "a" * (80 - len("inc-2026-08-08-"))
    assert room_name(incident(fits), "inc", LONDON) == f"inc-2026-08-08-{fits}"
    assert room_name(incident(f"{fits}b"), "inc", LONDON) == f"inc-2026-08-08-{fits}"
    cut = room_name(incident("word " * 40), "inc", LONDON)
    assert len(cut) <= 80
    assert cut.endswith("-word")


def test_a_number_appended_to_a_long_name_still_fits() -> None:
    assert numbered("inc-2026-08-08-x", 2) == "inc-2026-08-08-x-2"
    assert len(numbered("i" * 80, 12)) == 80


def test_a_private_incidents_room_name_reveals_nothing_of_its_title() -> None:
    assert room_name(incident("Breach at Example Ltd", private=True), "inc", LONDON) == "inc-2026-08-08-inc-7"


def test_a_title_is_one_line_and_truncated_with_an_ellipsis() -> None:
    assert title_of(" a\n\tb\x00 c ") == "a b c"
    assert title_of("x" * TITLE_LENGTH) == "x" * TITLE_LENGTH
    assert title_of("x" * (TITLE_LENGTH + 1)) == "x" * (TITLE_LENGTH - 1) + "…"
    with pytest.raises(Refused, match="needs a title"):
        title_of(" \n ")


@pytest.mark.parametrize(
    ("ref", "number"),
    [("INC-12", 12), ("inc-12", 12), ("12", 12), ("#21", 21), ("INC-4.", 4), ("INC-", None), ("x12", None)],
)
def test_a_reference_is_read_in_any_case(ref: str, number: int | None) -> None:
    assert number_of(ref) == number


@pytest.mark.parametrize("word", ["P1", "p9", "SEV2", "sev-1", "S3"])
def test_a_word_shaped_like_a_severity_is_recognised_as_one(word: str) -> None:
    assert looks_like_severity(word)


@pytest.mark.parametrize("word", ["Payments", "P", "1", "PC1x", "500s", "P1000"])
def test_other_words_are_not_taken_for_a_severity(word: str) -> None:
    assert not looks_like_severity(word)


def test_a_status_is_one_of_five_and_a_wrong_one_lists_them() -> None:
    assert status_of(" Mitigating ") == "mitigating"
    with pytest.raises(Refused, match="investigating, identified, mitigating, monitoring, resolved"):
        status_of("fixed")


def test_a_resolved_incident_is_left_alone_until_it_is_reopened() -> None:
    over = incident(resolved_at=NOW, resolved_by="ada")
    with pytest.raises(Refused, match="/incident reopen"):
        must_be_open(over, "escalate it")
    with pytest.raises(AlreadyDone):
        must_not_be_resolved_twice(over)
    must_be_resolved(over)
    with pytest.raises(AlreadyDone):
        must_be_resolved(incident())
