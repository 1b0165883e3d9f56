"""Expected values as the file writes them: `healthy`, `200`, `"< 5"`, `"> 0"`."""

import operator
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from bot.runbook.mistakes import kind_of
from bot.runbook.values import wrong
from bot.runbook.written import scalar, written

SIGNS = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}

_NUMERIC = re.compile(r"(?P<sign><=|>=|!=|==|<|>)?\s*(?P<number>[-+]?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Comparison:
    """An expectation of one value: a comparison with a number (`< 5`), or otherwise equal text, ignoring case.

    Without an operator, whole numbers are equal however they are written (`5`, `5.0`), decimal ones only if the value
    isn't text: a version `1.10` isn't `1.1`.
    """

    text: str

    def holds(self, value: object) -> bool:
        """False also for a value that can't be compared: a missing metric isn't a good one."""
        wish = _NUMERIC.fullmatch(self.text.strip())
        if wish is None or not (wish["sign"] or _is_a_number(wish["number"], value)):
            return reading_of(value) == self.text.strip().lower()
        number = _number(value)
        return number is not None and bool(SIGNS[wish["sign"] or "=="](number, float(wish["number"])))

    def __str__(self) -> str:
        return self.text


def reading_of(value: object) -> str:
    """The value as the file would write it: JSON's true, false and null, everything else as text."""
    return "null" if value is None else str(value).strip().lower()


def _is_a_number(wish: str, value: object) -> bool:
    """Does an expectation without an operator mean a number? It does if it's written in that number's normal form."""
    return wish.isdecimal() or (wish == repr(float(wish)) and not isinstance(value, str))


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


@written(scalar)
def _read(value: object) -> object:
    if isinstance(value, list | dict):
        raise wrong(f'should be a value or a comparison such as "< 5", is {kind_of(value)}')
    if isinstance(value, str) and value.lstrip()[:1] in "<>=!" and not _NUMERIC.fullmatch(value.strip()):
        raise wrong(f"“{value}” is not a comparison: say for example “< 5”, with a number")
    return value if isinstance(value, Comparison) else Comparison(reading_of(value))


Wish = Annotated[Comparison, BeforeValidator(_read), PlainSerializer(str, return_type=str, when_used="json")]
