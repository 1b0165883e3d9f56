"""Mistakes in a runbook file: where, and what to write instead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

from bot.domain.errors import Refused

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Mistake:
    """One thing to fix. `path` looks like `severities[0].escalaton`, '' for the file itself; `line` counts from 1.

    `file`: the procedure file it is in; None: the runbook itself.
    """

    path: str
    line: int
    message: str
    file: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class RawMistake(NamedTuple):
    """A mistake as found: `path` into the content, and the message; `line` only if it isn't the path's.

    `file` only if it doesn't follow from the path.
    """

    path: Path
    message: str
    line: int | None = None
    file: str | None = None


class RunbookMistakes(Refused):
    """Every mistake of a runbook and the files it names, in order of their lines."""

    def __init__(self, mistakes: Iterable[Mistake], name: str = "runbook.yml") -> None:
        self.name = name
        self.mistakes = tuple(sorted(mistakes, key=lambda one: (one.file or "", one.line)))
        super().__init__("\n".join(f"{one.file or name}:{one.line}: {one}" for one in self.mistakes))

    def __reduce__(self) -> tuple[type["RunbookMistakes"], tuple[tuple[Mistake, ...], str]]:
        return type(self), (self.mistakes, self.name)


def written(path: Path) -> str:
    """`severities[0].escalation.steps[2].page`"""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, ignoring case; None if none is close."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def advice(word: str, known: Iterable[str]) -> str:
    """`did you mean escalation?`, otherwise the words to choose from; to be put after a mistake and a colon."""
    names = list(dict.fromkeys(known))
    close = nearest(word, names)
    if close:
        return f"did you mean {close}?"
    if len(names) == 1:
        return f"the only one is {names[0]}"
    return f"choose one of {', '.join(names)}" if names else "there are none yet"


def advised(word: str, known: Iterable[str]) -> str:
    """`advice` as a separate sentence."""
    words = advice(word, known)
    return f"{words[0].upper()}{words[1:]}{'' if words.endswith('?') else '.'}"


def kind_of(value: object) -> str:
    """The kind of a value, in plain words."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case Mapping():
            return "a group of keys"
        case Sequence():
            return "a list"
        case _:
            return "something else"
