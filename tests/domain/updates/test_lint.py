"""What the linter finds in an update before it is sent."""

from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from bot.domain.updates.lint import Known as KnownAt
from bot.domain.updates.lint import changes, findings, unexplained

AT = datetime(2026, 8, 6, 14, 20, tzinfo=UTC)
Known = partial(KnownAt, AT, AT, ZoneInfo("UTC"))
KNOWN = Known(names=["Ada Obi"], systems=["orders-db", "orders", "nightly_job"], is_degraded=True, owes_time=True)
PLAIN = "Payments by card fail for 200 customers. We'll update you by 17:30."


@pytest.mark.parametrize(("said", "doubt"), [
    ("The host db-01 is down.", "address"), ("It runs on 10.0.0.7 today.", "address"),
    ("pay.prod.internal does not answer.", "address"), ("The orders-db is full.", "internal_name"),
    ("nightly_job failed.", "internal_name"), ("Ada's mistake took it down.", "blame"),
    ("This was caused by Ada.", "blame"), ("Ada wrongly dropped a table.", "blame"),
    ("It is down due to Ada.", "blame"), ("Ada failed to renew it.", "blame"),
    ("There is an outage.", "outage"), ("TBD: say why.", "placeholder"),
    ("Hello {{ name }}.", "placeholder"), ("Write to [name of client].", "placeholder"),
    ("password=hunter2hunter2", "secret"), ("It reads postgresql://tocsin:hunter2hunter2@db.example.com/x.", "secret"),
    ("The host db-01.example.com is down.", "address"), ("See https://web-prod-2.example.com/x", "address"),
    ("It listens on fe80::7 today.", "address"), ("ip-10-0-0-1 and no other.", "address"),
    ("localhost:8080 fails.", "address"), ("Hello ${NAME}.", "placeholder"),
    ("Dear {name}, all is well.", "placeholder"), ("We found [DETAILS].", "placeholder"),
    ("Fixed at [Insert time].", "placeholder"),
])  # fmt: skip
def test_internals_and_secrets_are_found_and_plain_words_are_not(said: str, doubt: str) -> None:
    assert findings("Payments", PLAIN, KNOWN) == []
    assert [one.doubt for one in findings("Payments", f"{said} {PLAIN}", KNOWN)] == [doubt]


def test_ordinary_words_and_numbers_pass() -> None:
    for said in (
        "Orders are slow",
        "Ada leads the work. It was caused by a full disk",
        "Ada restarted the server that failed to start because of a full disk",
        "INC-12 and M-3",
        "[RESOLVED] [P1] Orders, see [our page](https://status.example.com)",
        "COVID-19",
        "Since 14:05:09 on 2026-08-06 at https://status.example.com/x: write to web-1@example.com",
        "covid-19, tier-1 and v2 of oauth2",
    ):
        assert findings("Payments", f"{said}. {PLAIN}", KNOWN) == [], said
    inside = Known(systems=["orders-db"], is_inside=True)
    assert findings("Payments", "orders-db on db-01 is full: an outage", inside) == []


def test_a_number_that_differs_from_the_last_update_is_found_unless_the_text_mentions_the_change() -> None:
    known = Known(last=PLAIN)
    (found,) = findings("Payments", "Payments fail for 500 customers.", known)
    assert (found.doubt, found.words) == ("number", "500 customers (last time 200)")
    assert findings("Payments", "Payments now fail for 500 customers.", known) == []
    of_the_incident = Known(last=PLAIN, facts="Payments fail for 500 customers")
    assert findings("Payments", "Payments fail for 500 customers.", of_the_incident) == []
    assert findings("Payments", "Payments fail for 200 customers.", known) == []


def test_an_update_that_does_not_say_when_the_next_one_comes_is_found() -> None:
    assert [one.doubt for one in findings("Payments", "It fails.", KNOWN)] == ["next_update"]
    assert findings("Payments", "It fails. More within 30 minutes.", KNOWN) == []
    assert [one.doubt for one in findings("Payments", "It fails since 14:05.", KNOWN)] == ["next_update"]
    assert findings("Payments", "Es geht nicht. Neues bis 15:00.", KNOWN) == []


def test_a_promised_time_already_past_is_found() -> None:
    found = findings("Payments", "We'll update you by 14:05.", KNOWN)
    assert [(one.doubt, one.words) for one in found] == [("past", "14:05")]


def test_a_reason_to_send_anyway_holds_for_its_finding_and_for_no_other_secret() -> None:
    (first,) = findings("Payments", f"password=hunter2hunter2 {PLAIN}", KNOWN)
    again = findings("Payments", f"It says password=hunter2hunter2 there. {PLAIN}", KNOWN)
    other = findings("Payments", f"password=hunter3hunter3 {PLAIN}", KNOWN)
    assert unexplained(again, [first.mark]) == []
    assert unexplained(other, [first.mark]) == other
    assert "hunter2" not in repr(first) + first.words


def test_changes_are_shown_line_by_line() -> None:
    assert changes("Hello\n\nIt fails.", "Hello\n\nIt works.") == ["- It fails.", "+ It works."]
