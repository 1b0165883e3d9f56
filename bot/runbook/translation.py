"""Translates pydantic's errors into sentences a person can act on."""

import re
from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.runbook.document import Document
from bot.runbook.mistakes import Path, RawMistake, advice, kind_of
from bot.runbook.shape import known_keys

MOST_FINDINGS = 500


def findings_of(error: ValidationError, document: Document, root: type[BaseModel]) -> Iterator[RawMistake]:
    """One mistake per error, in pydantic's order, up to a limit that nobody reads beyond.

    `root` is the model of the whole file.
    """
    for number, details in enumerate(error.errors(include_url=False)):
        if number == MOST_FINDINGS:
            yield RawMistake((), f"and {error.error_count() - number} more mistakes")
            return
        # A default that couldn't be computed because of another mistake, which is reported itself.
        if details["type"] != "default_factory_not_called":
            yield RawMistake(_path(details, document), _sentence(details, root))


def _path(details: ErrorDetails, document: Document) -> Path:
    """Pydantic's location without what isn't written in the file: union tags, and parts we filled in."""
    path = tuple(part for part in details["loc"] if not str(part).startswith(("kind:", "[key]")))
    if details["type"] == "missing":
        return path
    while path and not document.holds(path):
        path = path[:-1]
    return path


def _sentence(details: ErrorDetails, root: type[BaseModel]) -> str:
    if details["type"] == "extra_forbidden":
        return _unknown_key(details, root)
    say = SENTENCES.get(details["type"])
    if say is not None:
        return say(details)
    shape = SHAPES.get(details["type"])
    if shape is not None:
        given = details["input"]
        return f"should be {shape}, is {f'“{given}”' if isinstance(given, str) else kind_of(given)}"
    return details["msg"]


def _said(details: ErrorDetails) -> str:
    return str(details["ctx"]["said"])


def _unknown_key(details: ErrorDetails, root: type[BaseModel]) -> str:
    *around, key = details["loc"]
    return f"there is no such key: {advice(str(key), known_keys(around, root))}"


def _not_among(details: ErrorDetails) -> str:
    words = re.findall(r"'([^']*)'", str(details["ctx"]["expected"]))
    if not isinstance(details["input"], str):
        return f"should be one of {', '.join(words)}, is {kind_of(details['input'])}"
    return f"“{details['input']}” is not known here: {advice(details['input'], words)}"


def _text(details: ErrorDetails) -> str:
    kind = kind_of(details["input"])
    mending = ": put it in quotes" if isinstance(details["input"], int | float) else ""
    return f"should be text, is {kind}{mending}"


SENTENCES: Mapping[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda details: "is missing",
    "literal_error": _not_among,
    "string_type": _text,
    "too_short": lambda details: "is empty: name at least one",
    "greater_than_equal": lambda details: f"should be at least {details['ctx']['ge']}",
    "less_than_equal": lambda details: f"should be at most {details['ctx']['le']}",
}

SHAPES: Mapping[str, str] = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a group of keys",
    "model_type": "a group of keys",
    "model_attributes_type": "a group of keys",
    "tuple_type": "a list",
    "date_type": "a date such as 2026-01-05",
    "date_parsing": "a date such as 2026-01-05",
    "date_from_datetime_parsing": "a date such as 2026-01-05",
    "date_from_datetime_inexact": "a date such as 2026-01-05",
}
