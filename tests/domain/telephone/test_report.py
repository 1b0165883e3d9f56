"""What a provider's delivery reports mean for a page, in whatever order they arrive."""

from itertools import permutations

import pytest

from bot.domain.telephone.report import REPORTS, news


@pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
def test_reports_in_any_order_lead_to_the_same_state(order: tuple[str, ...]) -> None:
    known = None
    for word in order:
        if report := news(known, word):
            known = report.word
    assert known == "delivered"


def test_a_repeated_report_changes_nothing() -> None:
    assert all(news(word, word) is None for word in REPORTS)


def test_a_delivered_text_stays_delivered() -> None:
    assert news("delivered", "undelivered") is None
    assert news("completed", "failed") is None
    assert news("undelivered", "delivered") is not None


def test_an_unknown_status_is_ignored_and_hides_no_later_one() -> None:
    assert news(None, "teleported") is None
    assert news("teleported", "sent") is not None
