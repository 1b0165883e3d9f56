"""Expectations about values: in a health page, or in a restored database."""

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
        ("1.10", "1.1", False),  # versions aren't numbers
        ("1.1", "1.10", False),
        ("1.10", 1.1, False),
        ("1.10", Decimal("1.10"), True),
        ("1.1", 1.1, True),
        ("1.1", Decimal("1.10"), True),  # a number in the file is compared as a number
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
        ("< 5", None, False),  # a missing metric doesn't pass
        ("< 5", "low", False),
        ("> 0", True, False),  # true is not a count
        ("< 5", [1], False),
    ],
)
def test_an_expectation_holds_or_not(wish: str, value: object, holds: bool) -> None:
    assert Comparison(wish).holds(value) is holds
