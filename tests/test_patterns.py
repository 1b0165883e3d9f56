"""No regular expression takes more than linear time over what people type or send.

Judged by its structure, because measured time isn't reliable: an unbounded repetition may neither contain another that
can match its characters, nor be adjacent to one, nor begin a search that may fail after it.
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from re import _compiler as compiler  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import bot
import commands

ROOT = Path(__file__).parent.parent
# Covers every kind of character that a pattern here distinguishes.
ALPHABET = [*map(chr, range(128)), "\x85", "\xa0", "ß", "é", "\u2028", "名"]
# Repetitions up to this limit can't grow with the input.
ENDLESS = 1000
SEARCHES = {"search", "findall", "finditer", "sub", "split"}

# False positives, each with the reason.
HARMLESS = {
    r"\s*(<[^<>]*>|\S+)\s*(.*)": "whatever follows the first word is taken whole, so the end never fails",
}
# A look-behind keeps these searches from starting again at each character of a run.
LOOK_BEHIND = {"bot.sandbox.typed._SPECIAL", "commands.desk.when.BEHIND_A_CLOCK"}


@dataclass(frozen=True)
class Atom:
    """One position of a pattern: the characters it matches, whether it may match none, and any number."""

    chars: frozenset[str]
    optional: bool
    endless: bool


def faults(pattern: str | bytes, flags: int = 0, *, searched: bool = False) -> list[str]:
    """Why it may take more than linear time; empty if it doesn't."""
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    tree = parser.parse(text, flags & ~re.LOCALE)
    found: list[str] = []
    rows = _rows(list(tree), tree.state, found)
    for row in rows:
        found += _beside(row)
        if searched and row and row[0].endless and any(not atom.optional for atom in row[1:]):
            found.append("a search that begins with a repetition and may fail behind it")
    return list(dict.fromkeys(found))


def _rows(items: Sequence[Any], state: Any, found: list[str]) -> list[list[Atom]]:
    """Every path through the pattern as a row of atoms; nested repetitions are added to `found`."""
    rows: list[list[Atom]] = [[]]
    for op, value in items:
        name = str(op)
        if name == "SUBPATTERN":
            inner = _rows(list(value[-1]), state, found)
        elif name == "BRANCH":
            inner = [row for branch in value[1] for row in _rows(list(branch), state, found)]
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, body = value
            inner = _repeated(least, most, body, state, found)
        elif name in ("AT", "ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS"):
            continue
        else:
            inner = [[Atom(_chars(op, value, state), optional=False, endless=False)]]
        rows = [row + more for row in rows for more in inner][:200]
    return rows


def _repeated(least: int, most: int, body: Any, state: Any, found: list[str]) -> list[list[Atom]]:
    endless = int(most) >= ENDLESS
    inner = _rows(list(body), state, found)
    if endless:
        found.extend("a repetition within a repetition" for row in inner if not _is_parted(row))
    if all(len(row) == 1 for row in inner):
        chars = frozenset().union(*(row[0].chars for row in inner))
        return [[Atom(chars, optional=least == 0, endless=endless or any(row[0].endless for row in inner))]]
    return [*inner, [Atom(frozenset(), optional=True, endless=False)]] if least == 0 else inner


def _is_parted(row: list[Atom]) -> bool:
    """Is each iteration separated from the next by a character that none of its own repetitions matches?"""
    endless = [atom for atom in row if atom.endless]
    if not endless:
        return True
    return any(
        not atom.optional and not atom.endless and all(not atom.chars & other.chars for other in endless)
        for atom in row
    )


def _beside(row: list[Atom]) -> Iterator[str]:
    for index, first in enumerate(row):
        for last in range(index + 1, len(row)):
            shared = first.chars & row[last].chars
            between = row[index + 1 : last]
            if not (first.endless and row[last].endless and shared):
                continue
            if all(atom.optional or atom.chars & shared for atom in between):
                yield "two repetitions that take the same characters, and nothing else between them"


def _chars(op: Any, value: Any, state: Any) -> frozenset[str]:
    one = parser.SubPattern(state, [(op, value)])
    code = compiler.compile(one, state.flags & ~re.DEBUG)
    return frozenset(char for char in ALPHABET if code.fullmatch(char))


def written_patterns() -> Iterator[tuple[str, str | bytes, int, bool]]:
    """Every pattern literal in the source: its place, the pattern, its flags, and whether it is used for searching."""
    for package in ("bot", "commands"):
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and (named := _named(node)):
                    where = f"{file.relative_to(ROOT)}:{node.lineno}"
                    yield where, named[1], _flags(node), named[0] in SEARCHES


def _named(node: ast.Call) -> tuple[str, str | bytes] | None:
    called, first = node.func, node.args[0] if node.args else None
    is_re = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re"
    if is_re and isinstance(called, ast.Attribute) and isinstance(first, ast.Constant) and called.attr != "escape":
        return (called.attr, first.value) if isinstance(first.value, str | bytes) else None
    return None


def _flags(node: ast.Call) -> int:
    names = {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}
    return sum(
        getattr(re, name) for name in names & {"I", "S", "M", "X", "A", "IGNORECASE", "DOTALL", "ASCII", "VERBOSE"}
    )


def searched_names() -> set[tuple[str, str]]:
    """Module and name of each compiled pattern that is used for searching there."""
    found = set()
    for package in ("bot", "commands"):
        for file in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Attribute) and node.attr in SEARCHES and isinstance(node.value, ast.Name):
                    found.add((module, node.value.id))
    return found


def made_patterns() -> Iterator[tuple[str, str | bytes, int, bool]]:
    """Every compiled pattern in a module's namespace, including imported ones and those composed of parts."""
    searched = searched_names()
    for package in (bot, commands):
        for entry in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if entry.name.endswith("__main__"):
                continue
            module = importlib.import_module(entry.name)
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern):
                    where, is_searched = f"{entry.name}.{name}", (entry.name, name) in searched
                    yield where, value.pattern, value.flags & ~re.UNICODE, is_searched and where not in LOOK_BEHIND


@pytest.mark.parametrize("patterns", [written_patterns, made_patterns])
def test_no_pattern_takes_more_than_linear_time(patterns: Any) -> None:
    found = {
        f"{where}: {pattern!r}": wrong
        for where, pattern, flags, searched in patterns()
        if pattern not in HARMLESS and (wrong := faults(pattern, flags, searched=searched))
    }
    assert found == {}


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:from\s+(?P<begin>.+?)\s+)?(?:until\s+(?P<end>.+))",
        r"(a+)+",
        r"(?:[a-z_]+=\S+\s*)+",
        r"\s*x?\s*\d",
        r"(\w+\s?)*",
    ],
)
def test_patterns_that_take_more_than_linear_time_are_detected(pattern: str) -> None:
    assert faults(pattern)


def test_a_search_that_begins_with_a_repetition_is_detected() -> None:
    assert faults(r"\s+$x", searched=True)
    assert not faults(r"[^a-z]+", searched=True)


@pytest.mark.parametrize("pattern", [r"(?:[a-z0-9-]+\.)+[a-z]{2,}", r"\d+(?:\.\d+)?", r"<[^<>]*>", r"[A-Z]+\s*x"])
def test_linear_patterns_pass(pattern: str) -> None:
    assert faults(pattern) == []
