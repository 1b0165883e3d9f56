"""The rules of updates, without database or Slack: who is told, when, and what must hold first."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from bot.domain.errors import AlreadyDone, NotPermitted, Refused
from bot.domain.updates.update import (
    STALE_AFTER,
    SUBJECT_LENGTH,
    TEXT_LENGTH,
    LastUpdate,
    State,
    Update,
    is_owed,
    is_stale,
    may_be_told,
    moment_now,
    must_be_pending,
    must_be_somebody_else,
    must_be_tellable,
    told_by_themselves,
    words_of,
)
from bot.runbook import Runbook
from bot.services.updates.audiences import addresses, audience_called
from tests.domain.updates.conftest import NOON, incident, resolved

WAITING = Update(
    id=1, incident_id=12, audience="clients", moment="update", status="identified", subject="Sorry", text="Soon.",
    author="ada", state="waiting", created_at=NOON,
)  # fmt: skip


def test_automatic_audiences_of_the_severity_are_told_by_themselves_in_its_order() -> None:
    tell, automatic = ["clients", "stakeholders", "team"], {"team", "press", "clients"}

    assert told_by_themselves(incident(), tell, automatic) == ["clients", "team"]
    assert told_by_themselves(incident(), [], automatic) == []
    assert told_by_themselves(incident(), tell, ()) == []


@pytest.mark.parametrize("inside", [{"drill": True}, {"private": True}])
def test_drills_and_private_incidents_send_no_updates(inside: dict[str, bool]) -> None:
    assert told_by_themselves(incident(**inside), ["team"], {"team"}) == []
    assert not may_be_told(incident(**inside))
    with pytest.raises(Refused, match="INC-12 is"):
        must_be_tellable(incident(**inside))


def test_an_audience_hears_of_the_start_first_then_of_news_and_of_the_end_last() -> None:
    news, end = LastUpdate("update", NOON), LastUpdate("resolved", NOON)

    assert moment_now(incident(), None) == "declared"
    assert moment_now(incident(), news) == "update"
    assert moment_now(incident(), end) == "reopened"
    assert moment_now(resolved(), None) == "resolved"
    assert [is_owed(about, told) for about in (incident(), resolved()) for told in (news, end)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_a_subject_is_one_line_and_lengths_are_limited() -> None:
    assert words_of("  Sorry,\r\n everybody ", "\n Soon.\n\nReally. ") == ("Sorry, everybody", "Soon.\n\nReally.")
    subject, text = words_of("s" * SUBJECT_LENGTH, "t" * TEXT_LENGTH)
    assert (len(subject), len(text)) == (SUBJECT_LENGTH, TEXT_LENGTH)
    subject, text = words_of("s" * (SUBJECT_LENGTH + 1), "t" * (TEXT_LENGTH + 1))
    assert (len(subject), len(text)) == (SUBJECT_LENGTH, TEXT_LENGTH)


def test_bidirectional_and_control_characters_are_removed() -> None:
    assert words_of("\u202eevil\x00 words", "One\u2066\nשלום \x1b[31m") == ("evil words", "One \nשלום  [31m")


@pytest.mark.parametrize(("subject", "text"), [("", "x"), (" \n", "x"), ("x", ""), ("x", " \n ")])
def test_an_empty_subject_or_text_is_refused(subject: str, text: str) -> None:
    with pytest.raises(Refused):
        words_of(subject, text)


def test_only_a_waiting_update_can_be_approved_or_rejected() -> None:
    must_be_pending(WAITING, "")
    for state in get_args(State):
        if state != "waiting":
            with pytest.raises(AlreadyDone):
                must_be_pending(replace(WAITING, state=state), "Ben Moss")


def test_authors_cannot_approve_their_own_update() -> None:
    must_be_somebody_else(is_author=False)
    with pytest.raises(NotPermitted):
        must_be_somebody_else(is_author=True)


def test_a_stale_update_is_skipped_only_when_a_newer_one_waits_behind_it() -> None:
    assert is_stale(WAITING, newer=True, now=NOON + STALE_AFTER)
    assert not is_stale(WAITING, newer=True, now=NOON + STALE_AFTER - timedelta(seconds=1))
    assert not is_stale(WAITING, newer=False, now=NOON + timedelta(days=1))


def test_an_audience_is_found_by_its_key_in_any_case(runbook: Runbook) -> None:
    assert audience_called(runbook, " Status-Page ").key == "status-page"
    with pytest.raises(Refused, match="Did you mean team"):
        audience_called(runbook, "tema")
    with pytest.raises(Refused, match="has no audiences"):
        audience_called(runbook.model_copy(update={"audiences": {}}), "team")


def test_an_address_listed_twice_gets_one_mail(runbook: Runbook) -> None:
    twice = runbook.audiences["stakeholders"].model_copy(
        update={"email": ("a@example.com", "a@example.com", "A@example.com")}
    )

    assert addresses(twice) == [("email", "a@example.com"), ("slack", "#stakeholders")]
    assert addresses(runbook.audiences["status-page"]) == [("statuspage", "abc123")]
