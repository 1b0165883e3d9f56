"""What a report means for a page, in whatever order the reports arrive."""

from itertools import permutations

import pytest

from bot.domain.telephone.report import REPORTS, news


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
def test_in_any_order_the_last_word_is_the_same(order: tuple[str, ...]) -> None:
    known = None
    for word in order:
        if report := news(known, word):
            known = report.word
    assert known == "delivered"


def test_a_report_that_comes_twice_is_no_news() -> None:
    assert all(news(word, word) is None for word in REPORTS)


def test_what_arrived_stays_arrived() -> None:
    assert news("delivered", "undelivered") is None
    assert news("completed", "failed") is None
    assert news("undelivered", "delivered") is not None


def test_a_word_that_nobody_has_heard_of_is_no_news_and_hides_none() -> None:
    assert news(None, "teleported") is None
    assert news("teleported", "sent") is not None
