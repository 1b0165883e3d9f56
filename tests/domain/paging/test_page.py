"""When a person, and so their tier, counts as not reached."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.paging.page import Page, PageState, by_person, look_again_at, reach
from bot.domain.paging.tier_end import tier_ends

NOW = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)


def page(person: str = "ada", state: PageState = "waiting", tried: float | None = 0) -> Page:
    """A page tried `tried` seconds before NOW; None = not tried yet."""
    first = None if tried is None else NOW - timedelta(seconds=tried)
    return Page(
        1, 1, 1, 0, 0, "oncall", person, "slack", "U0ADA", None, False, state, 1, NOW, first, None, None, None
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pages", "verdict"),
    [
        ([page(tried=None)], "open"),  # nobody can say before it has been tried
        ([page(tried=19.9)], "open"),
        ([page(tried=20)], "unreached"),
        ([page(state="refused")], "unreached"),
        ([page(state="gave_up")], "unreached"),
        ([page(state="accepted", tried=300)], "reached"),
        ([page(state="delivered")], "reached"),
        ([page(state="refused"), page(tried=5)], "open"),  # another way may still work
        ([page(state="refused"), page(state="accepted")], "reached"),
    ],
)
def test_a_person_is_unreached_when_nothing_was_accepted_in_twenty_seconds(pages: list[Page], verdict: str) -> None:
    assert reach(pages, NOW) == {"ada": verdict}


def test_a_page_that_may_have_been_accepted_makes_its_person_unconfirmed_and_not_lost() -> None:
    unheard, refused = replace(page(state="gave_up"), tier="oncall", unsure=True), page(state="refused")
    assert reach([unheard, refused], NOW) == {"ada": "unreached"}, "the ladder goes on paging"
    (end,) = tier_ends(["oncall"], [refused, unheard])
    assert (end.lost, end.unsure) == ([], ["ada"])
    (end,) = tier_ends(["oncall"], [refused, unheard, page(state="accepted")])
    assert (end.reached, end.unsure) == (["ada"], [])


def test_the_next_look_is_when_the_next_pages_time_is_up_and_never_at_once() -> None:
    """A page whose time is up already must not cause a busy loop of looks at the same instant."""
    assert look_again_at([page(tried=25), page("ben", tried=15)], NOW) == NOW + timedelta(seconds=5)
    assert look_again_at([page(tried=25)], NOW) > NOW
    assert look_again_at([page(tried=None)], NOW) > NOW


def test_ways_with_the_same_outcome_in_the_same_minute_are_shown_together() -> None:
    at = datetime(2026, 8, 6, 16, 28, tzinfo=UTC)
    first = replace(page(state="accepted"), via="slack", accepted_at=at)
    second = replace(first, via="email", accepted_at=at + timedelta(seconds=59))
    later = replace(first, via="sms", accepted_at=at + timedelta(minutes=1))
    (paged,) = by_person([first, second, later])
    assert [[one.via for one in alike] for alike in paged.alike] == [["slack", "email"], ["sms"]]
