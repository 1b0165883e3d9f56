"""A filled-in report form: what is read from it, what is wrong with it, and which alert it becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts.report import LINE_LENGTH, TITLE_LENGTH, WHAT_LENGTH, Report, new_nonce
from bot.domain.text import plain, shows_nothing

NAMES = st.sampled_from(["nonce", "what", "since", "affected", "contact", "trap", "other"])


@given(st.dictionaries(NAMES, st.text(max_size=300)))
def test_any_form_either_becomes_a_storable_alert_or_has_a_mistake(fields: dict[str, str]) -> None:
    report = Report.read(fields)
    if report.mistakes:
        return
    alert = report.alert("high", None)
    assert not shows_nothing(alert.title)
    assert len(alert.title) <= TITLE_LENGTH
    said = [alert.title, alert.description, *alert.labels.values(), *alert.measured.values()]
    assert [plain(one) for one in said] == said
    assert report.as_json().decode()


@pytest.mark.parametrize("what", ["", " ", "\0", "\u200b\n\u200b", "\u202e", "\r\n\t"])
def test_a_field_of_invisible_characters_counts_as_missing(what: str) -> None:
    assert Report.read({"what": what}).mistakes == {"what": "missing"}


@pytest.mark.parametrize("name", ["what", "since", "affected", "contact"])
def test_each_field_has_a_maximum_length(name: str) -> None:
    most = WHAT_LENGTH if name == "what" else LINE_LENGTH
    assert Report.read({"what": "Down", name: "x" * most}).mistakes == {}
    assert Report.read({"what": "Down", name: "x" * (most + 1)}).mistakes == {name: "long"}


def test_the_title_is_the_first_visible_line() -> None:
    alert = Report.read({"what": "\u200b\r\nI can't pay\r\nat all"}).alert("low", "P1")
    assert (alert.title, alert.level, alert.declare) == ("I can't pay", "low", "P1")
    assert alert.description.endswith("I can't pay\nat all")
    assert Report.read({"what": "I can't pay"}).alert("low", None).description == ""


def test_one_form_is_one_alert_and_the_same_content_twice_is_one_delivery() -> None:
    nonce = new_nonce()
    first, again = (Report.read({"what": "Down", "nonce": nonce}) for _ in range(2))
    corrected, other = Report.read({"what": "Up", "nonce": nonce}), Report.read({"what": "Down", "nonce": new_nonce()})
    assert (first.fingerprint, first.delivery) == (again.fingerprint, again.delivery)
    assert first.fingerprint == corrected.fingerprint
    assert first.delivery != corrected.delivery
    assert first.fingerprint != other.fingerprint
    assert nonce not in first.fingerprint


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "a b" * 10, "\0" * 20])
def test_a_nonce_that_is_not_ours_is_replaced(nonce: str) -> None:
    first, second = (Report.read({"what": "Down", "nonce": nonce}) for _ in range(2))
    assert first.nonce != second.nonce
