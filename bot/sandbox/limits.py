"""Slack's limits, read from the JSON file beside this module."""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def limits() -> dict[str, Any]:
    """All limits, by subject; see limits.json."""
    numbers: dict[str, Any] = json.loads(files("bot.sandbox").joinpath("limits.json").read_text("utf-8"))
    return numbers


def limit(subject: str, name: str) -> int:
    """One upper bound, such as `limit("header", "text")`; for a `[low, high]` pair, the high one."""
    number = limits()[subject][name]
    return int(number[1] if isinstance(number, list) else number)
