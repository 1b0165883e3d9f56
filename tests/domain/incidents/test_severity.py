"""Which severity somebody means by what they type."""

import pytest

from bot.domain.errors import NotFound
from bot.domain.incidents.severity import Declared, Named, by_number, declared

SEVERITIES = [Named("P1", "Critical"), Named("P2", "High"), Named("P3", "Low")]
WITH_S = [Named("S0", "Outage"), Named("S1", "Major outage"), Named("S2", "Minor")]


def read(text: str) -> Declared:
    return declared(text, SEVERITIES, "P2")


@pytest.mark.parametrize(
    "typed",
    [
        "P1 Checkout is down", "P1: Checkout is down", "P1, Checkout is down", "[P1] Checkout is down",
        "p1 - Checkout is down", "sev1 Checkout is down", "SEV-1 Checkout is down", "sev 1: Checkout is down",
        "Severity 1 Checkout is down", "(p1) Checkout is down", "*P1* Checkout is down", "“P1” Checkout is down",
        "P1 – Checkout is down", "P1—Checkout is down", "P1:Checkout is down", "P1. Checkout is down",
        "[P1]: Checkout is down", "P1! Checkout is down", "priority-1 Checkout is down", "critical: Checkout is down",
        "[CRITICAL] Checkout is down", "Critical - Checkout is down", '"P1 Checkout is down"', "P1 | Checkout is down",
    ],
)  # fmt: skip
def test_a_severity_typed_first_is_understood_and_leaves_the_title(typed: str) -> None:
    assert read(typed) == Declared("P1", "Checkout is down")


@pytest.mark.parametrize(
    ("typed", "perhaps", "severity"),
    [
        ("critical checkout is down", "P1", "P1"),
        ("High load on db-1", "P2", "P2"),
        ("Low disk space on db-1", "P3", "P2"),
        ("Checkout is down (P1)", "P1", "P1"),
        ("Checkout is down, p1!", "P1", "P1"),
        ("p1-worker is down", "P1", "P1"),
        ("p3.example.com is down", "P3", "P2"),
        ("P1's queue is stuck", "P1", "P1"),
    ],
)
def test_an_ambiguous_severity_word_stays_in_the_title_and_never_lowers_the_severity(
    typed: str, perhaps: str, severity: str
) -> None:
    assert read(typed) == Declared(severity, typed, perhaps=perhaps)


@pytest.mark.parametrize(
    "typed", ["Payments failing", "500s on checkout", "Criticality index is off", "p", "P1000 x", "Highway"]
)
def test_other_words_name_no_severity(typed: str) -> None:
    assert read(typed) == Declared(None, typed)


LOOKALIKES = [
    Named("P0", "Outage"),
    Named("P1", "Critical"),
    Named("P2", "High"),
    Named("S1", "Site"),
    Named("SEV1", ""),
]


@pytest.mark.parametrize(
    ("typed", "severity", "word"),
    [
        ("Pl Checkout is down", "P1", "Pl"),
        ("[Pl]: Checkout is down", "P1", "Pl"),
        ("PO: Checkout is down", "P0", "PO"),
        ("Sl Checkout is down", "S1", "Sl"),
        ("SEVl Checkout is down", "SEV1", "SEVl"),
        ("SEV-I Checkout is down", "SEV1", "SEV-I"),
    ],
)
def test_a_letter_that_looks_like_a_digit_is_read_as_the_digit(typed: str, severity: str, word: str) -> None:
    assert declared(typed, LOOKALIKES, "P2") == Declared(severity, "Checkout is down", mistyped=word)


def test_a_lookalike_counts_only_where_the_digit_would() -> None:
    assert read("SEVl x") == Declared("P1", "x", mistyped="SEVl")
    assert read("Pl0 x") == Declared(None, "Pl0 x")


@pytest.mark.parametrize(
    ("typed", "perhaps"),
    [("PO box is full", "P0"), ("PI-hole is down", "P1"), ("Pl-worker is down", "P1"), ("Checkout is down (Pl)", "P1")],
)
def test_a_lookalike_that_is_also_a_word_stays_in_the_title_and_is_asked_about(typed: str, perhaps: str) -> None:
    assert declared(typed, LOOKALIKES, "P2") == Declared(perhaps, typed, perhaps=perhaps)


@pytest.mark.parametrize(
    "typed", ["PO box is full", "pl x", "Plus x", "SO slow", "SOS", "POI search", "Sl x", "Late PO", "PIO x"]
)
def test_a_lookalike_of_a_severity_the_runbook_lacks_is_part_of_the_title(typed: str) -> None:
    assert read(typed) == Declared(None, typed)


@pytest.mark.parametrize("typed", ["P9 x", "[P9] x", "sev7: x", "S3 bucket is gone"])
def test_a_severity_the_runbook_lacks_declares_nothing(typed: str) -> None:
    with pytest.raises(NotFound, match="Use P1, P2 or P3"):
        read(typed)


def test_only_the_separator_between_severity_and_title_is_removed() -> None:
    assert read("P1 /checkout returns 500").title == "/checkout returns 500"
    assert read("P1 [EU] .env is public").title == "[EU] .env is public"
    assert read('P1 "Buy" is broken').title == '"Buy" is broken'
    assert read("P1").title == ""


def test_a_number_names_a_severity_only_when_exactly_one_has_it() -> None:
    assert declared("sev 1 x", WITH_S, "S1") == Declared("S1", "x")
    assert declared("P1 x", WITH_S, "S1") == Declared("S1", "x")
    assert declared("major outage: x", WITH_S, "S1") == Declared("S1", "x")
    assert by_number(0, WITH_S) == "S0" and by_number(4, WITH_S) is None
    assert by_number(1, [Named("P1", "a"), Named("SEV1", "b")]) is None
