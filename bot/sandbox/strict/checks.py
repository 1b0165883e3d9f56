"""Basic checks of JSON values, from which the shapes of Block Kit are composed.

A check is a function of a value, its JSON pointer, and a list to which it appends what is wrong, in Slack's words.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Findings = list[str]
Check = Callable[[Any, str, Findings], None]


def found(findings: Findings, sentence: str, pointer: str) -> None:
    findings.append(f"{sentence} [json-pointer:{pointer}]")


def text(low: int = 0, high: int | None = None, *, pattern: str = "", choices: tuple[str, ...] = ()) -> Check:
    """A string of `low` to `high` characters."""
    allowed = re.compile(pattern) if pattern else None

    def check(value: Any, pointer: str, findings: Findings) -> None:
        if not isinstance(value, str):
            found(findings, "must provide a string", pointer)
        elif len(value) < low:
            found(findings, f"must be more than {low - 1} characters", pointer)
        elif high is not None and len(value) > high:
            found(findings, f"must be less than {high + 1} characters", pointer)
        elif choices and value not in choices:
            found(findings, f"value must be one of {', '.join(choices)}", pointer)
        elif allowed and not allowed.fullmatch(value):
            found(findings, "does not have the required format", pointer)

    return check


def url(high: int = 3000) -> Check:
    return text(1, high, pattern=r"https?://\S+")


def boolean(value: Any, pointer: str, findings: Findings) -> None:
    if not isinstance(value, bool):
        found(findings, "must provide a boolean", pointer)


def integer(low: int | None = None, high: int | None = None) -> Check:
    def check(value: Any, pointer: str, findings: Findings) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            found(findings, "must provide an integer", pointer)
        elif (low is not None and value < low) or (high is not None and value > high):
            found(findings, f"must be between {low} and {high}", pointer)

    return check


def number(value: Any, pointer: str, findings: Findings) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        found(findings, "must provide a number", pointer)


def array(item: Check, low: int = 0, high: int | None = None) -> Check:
    def check(value: Any, pointer: str, findings: Findings) -> None:
        if not isinstance(value, list):
            found(findings, "must provide an array", pointer)
            return
        if len(value) < low:
            found(findings, f"no fewer than {low} items allowed", pointer)
        if high is not None and len(value) > high:
            found(findings, f"no more than {high} items allowed", pointer)
        for index, entry in enumerate(value):
            item(entry, f"{pointer}/{index}", findings)

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *further: Check) -> Check:
    """An object with only these keys; then `further` checks, if every part is valid."""
    known = {**required, **(optional or {})}

    def check(value: Any, pointer: str, findings: Findings) -> None:
        if not isinstance(value, dict):
            found(findings, "must provide an object", pointer)
            return
        before = len(findings)
        for key in required:
            if key not in value:
                found(findings, f"missing required field: {key}", pointer)
        for key, part in value.items():
            if key not in known:
                found(findings, f"invalid additional property: {key}", pointer)
            elif part is None:
                found(findings, f"{key} must not be null", f"{pointer}/{key}")
            else:
                known[key](part, f"{pointer}/{key}", findings)
        if len(findings) == before:
            for rule in further:
                rule(value, pointer, findings)

    return check


def by_type(shapes: Mapping[str, Check], what: str) -> Check:
    """An object whose `type` selects one of these shapes."""

    def check(value: Any, pointer: str, findings: Findings) -> None:
        if not isinstance(value, dict):
            found(findings, "must provide an object", pointer)
        elif "type" not in value:
            found(findings, "missing required field: type", pointer)
        elif not isinstance(value["type"], str) or value["type"] not in shapes:
            found(findings, f"unsupported {what} type: {value['type']}", f"{pointer}/type")
        else:
            shapes[value["type"]](value, pointer, findings)

    return check


def one_of(*keys: str) -> Check:
    """Exactly one of these keys is present."""

    def check(value: Any, pointer: str, findings: Findings) -> None:
        if sum(key in value for key in keys) != 1:
            found(findings, f"must have exactly one of {', '.join(keys)}", pointer)

    return check


def some_of(*keys: str) -> Check:
    """At least one of these keys is present."""

    def check(value: Any, pointer: str, findings: Findings) -> None:
        if not any(key in value for key in keys):
            found(findings, f"missing required field: {' or '.join(keys)}", pointer)

    return check


def anything(value: Any, pointer: str, findings: Findings) -> None:
    """Not checked here."""
