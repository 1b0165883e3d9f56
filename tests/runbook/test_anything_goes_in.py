"""Fuzzing: any input is either a valid runbook or a list of mistakes, never a crash."""

import copy
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bot.runbook import RunbookMistakes, read

EVERYTHING = YAML(typ="safe").load((Path(__file__).parent / "everything.yml").read_text("utf-8"))
STRANGE: list[object] = [
    None,
    True,
    5,
    -1,
    1.5,
    "",
    "x",
    "a/b",
    "${X}",
    "<",
    "#",
    [],
    [1],
    [[]],
    {},
    {"a": 1},
    {"a": {"b": []}},
    "ü" * 4000,
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


def with_value(path: tuple[Any, ...], value: object) -> str:
    content = copy.deepcopy(EVERYTHING)
    around = content
    for step in path[:-1]:
        around = around[step]
    around[path[-1]] = value
    text = io.StringIO()
    YAML(typ="safe").dump(content, text)
    return text.getvalue()


@settings(max_examples=150)
@given(st.sampled_from(list(places(EVERYTHING))), st.sampled_from(STRANGE))
def test_any_value_in_any_place_is_accepted_or_reported(path: tuple[Any, ...], strange: object) -> None:
    try:
        read(with_value(path, strange), {})
    except RunbookMistakes as error:
        assert error.mistakes
        assert all(mistake.message and mistake.line >= 1 for mistake in error.mistakes)


@given(st.text())
def test_any_text_is_accepted_or_reported(text: str) -> None:
    with pytest.raises(RunbookMistakes):
        read(text, {})
