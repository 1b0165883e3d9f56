"""Wishes about values: of a health page, of a restored database."""

from decimal import Decimal

import pytest

from bot.runbook.comparisons import Comparison


@pytest.mark.parametrize(
    ("wish", "value", "holds"),
    [
        ("healthy", "healthy", True),
        ("healthy", "Healthy", True),
        ("healthy", "ill", False),
        ("healthy", None, False),
        ("true", True, True),
        ("null", None, True),
        ("200", 200, True),
        ("200", "200.0", True),
        ("200", 201, False),
        ("1.10", "1.10", True),
        ("1.10", "1.1", False),  # versions are no numbers
        ("1.1", "1.10", False),
        ("1.10", 1.1, False),
        ("1.10", Decimal("1.10"), True),
        ("1.1", 1.1, True),
        ("1.1", Decimal("1.10"), True),  # written as a number in the file, it is one
        ("== 1.10", "1.1", True),
        ("< 5", 4.99, True),
        ("< 5", 5, False),
        ("<= 5", 5, True),
        ("<= 5", 5.01, False),
        ("> 0", 1, True),
        (">0", "0", False),
        (">= 10", 10, True),
        ("!= 3", 4, True),
        ("!= 3", 3, False),
        ("> -1", 0, True),
        ("< 5", None, False),  # a metric that is missing is not a good one
        ("< 5", "low", False),
        ("> 0", True, False),  # true is not a count
        ("< 5", [1], False),
    ],
)
def test_a_wish_holds_or_not(wish: str, value: object, holds: bool) -> None:
    assert Comparison(wish).holds(value) is holds
