"""Which times a text promises, and which of them is the next update."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.updates.promises import names_time_ahead, next_promised, past_promises, promised, time_said
from bot.rendering import time_shown

LONDON = ZoneInfo("Europe/London")
# A Thursday, 15:20 local time.
SINCE = datetime(2026, 8, 6, 14, 20, 30, tzinfo=UTC)


def by_clock(at: datetime | None) -> str:
    return f"{at.astimezone(LONDON):%a %H:%M}" if at else ""


@pytest.mark.parametrize(("text", "at"), [
    ("We'll update you by 15:47 BST, or as soon as it's fixed.", "Thu 15:47"),
    ("Status: identified\nNext update: 16:00 BST", "Thu 16:00"),
    ("Next update by 15:00 UTC.", "Thu 16:00"),
    ("You hear from us again by 17.30.", "Thu 17:30"),
    ("We'll update you by 5:30 pm.", "Thu 17:30"), ("We'll update you by 5pm, or as soon as it's fixed.", "Thu 17:00"),
    ("Next update by Mon 9am BST.", "Mon 09:00"), ("Next update by 12 am.", "Fri 00:00"),
    ("Next update by 4 PM UTC.", "Thu 17:00"), ("We'll write to the 5 people by then.", ""),
    ("The next update comes at 17:30", "Thu 17:30"),
    ("More within 30 minutes.", "Thu 15:50"),
    ("We'll write to you by tomorrow 09:00.", "Fri 09:00"),
    ("Next update by Mon 09:00 BST.", "Mon 09:00"),
    ("Next update by Mon 17 Aug 09:00 BST.", "Mon 09:00"),
    ("Next update by 02:00.", "Fri 02:00"),
    ("Card payments have failed since 14:05. We'll let you know by 16:00.", "Thu 16:00"),
    ("Card payments have failed since 14:05.", ""),
    ("Update at 14:05: card payments fail.", ""),
    ("The fix will be in place by 17:30.", ""),
    ("We told you at 14:05 that payments fail.", ""),
    ("Orders placed before 16:00 are safe.", ""),
])  # fmt: skip
def test_only_a_time_by_which_readers_will_hear_more_is_the_next_update(text: str, at: str) -> None:
    named = next_promised(text, SINCE, LONDON)
    assert by_clock(named.at if named else None) == at
    assert named is None or text[named.begins : named.ends] == named.words


@pytest.mark.parametrize(("text", "past"), [
    ("We'll update you by 15:05.", ["15:05"]), ("We'll update you by 15:20.", ["15:20"]),
    ("We'll update you by 15:21.", []), ("Ready by 08:00, more by 09:00.", ["08:00", "09:00"]),
    ("Ready by 02:00.", []), ("It was fixed by 15:05.", []), ("Ready by tomorrow 09:00.", []),
    ("It began at 14:05.", []), ("We'll update you by 5:30 pm.", []), ("We'll update you by 3pm.", ["3pm"]),
])  # fmt: skip
def test_an_earlier_time_of_day_means_today_and_not_tomorrow(text: str, past: list[str]) -> None:
    assert past_promises(text, SINCE, SINCE, LONDON) == past


def test_around_midnight_a_small_hour_means_the_next_day() -> None:
    late = datetime(2026, 8, 6, 22, 50, tzinfo=UTC)
    named = next_promised("Next update by 00:20.", late, LONDON)
    assert named and by_clock(named.at) == "Fri 00:20"
    assert past_promises("Next update by 00:20.", late, late, LONDON) == []


def test_a_time_typed_by_a_person_is_parsed() -> None:
    given = ("17:30", "17:30 BST", "in 30 minutes", "45m", "Mon 09:00", "soon", "25:10", "Thu 29 Feb 09:00")
    assert [by_clock(time_said(one, SINCE, LONDON)) for one in given] == [
        "Thu 17:30", "Thu 17:30", "Thu 15:50", "Thu 16:05", "Mon 09:00", "", "", "Thu 09:00",
    ]  # fmt: skip


def test_in_another_language_any_time_ahead_may_be_the_promise() -> None:
    assert names_time_ahead("Neues bis 16:00.", SINCE, LONDON)
    assert not names_time_ahead("Seit 14:05 geht nichts.", SINCE, LONDON)


@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_what_the_bot_says_in_the_night_of_a_change_is_understood_as_it_was_meant(zone: str) -> None:
    where = ZoneInfo(zone)
    for change in CHANGES[zone]:
        for minutes in range(-200, 91, 20):
            since = change + timedelta(minutes=minutes)
            for span in (5, 30, 90, 180):
                at = since + timedelta(minutes=span)
                said = f"We'll update you by {time_shown(at, where, since)}, or as soon as it's fixed."
                assert [one.at for one in promised(said, since, where)] == [at], said
                assert past_promises(said, since, since, where) == []


CHANGES = {
    zone: [datetime.fromisoformat(f"2026-{at}:00Z") for at in changes]
    for zone, changes in {
        "Europe/London": ["10-25T01:00", "03-29T01:00"], "Europe/Berlin": ["10-25T01:00", "03-29T01:00"],
        "America/New_York": ["11-01T06:00", "03-08T07:00"], "Australia/Lord_Howe": ["04-04T15:00", "10-03T15:30"],
    }.items()
}  # fmt: skip


@pytest.mark.parametrize(("since", "typed", "at"), [
    # 01:50 for the first time: 01:20 comes again. For the second time: it does not. In spring there is no 01:20.
    ("10-25T00:50", "01:20", "10-25T01:20"), ("10-25T00:50", "01:20 BST", "10-25T00:20"),
    ("10-25T01:50", "01:20", "10-25T01:20"), ("10-25T00:10", "01:30", "10-25T00:30"),
    ("03-29T00:40", "01:20", "03-29T01:00"), ("10-25T00:50", "in 30 minutes", "10-25T01:20"),
])  # fmt: skip
def test_a_time_that_somebody_types_in_that_night_is_the_next_of_its_name(since: str, typed: str, at: str) -> None:
    written, meant = (datetime.fromisoformat(f"2026-{one}:00Z") for one in (since, at))
    assert time_said(typed, written, LONDON) == meant
