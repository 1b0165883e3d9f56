"""Finds the severity in what somebody typed: `P1: x`, `[p1] x`, `SEV-1 x`, `critical x`, `x (P1)`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.errors import NotFound
from bot.domain.text import either

# A severity's letters and number, not as part of a longer word.
MARK = re.compile(r"(?:(p|s)-?|(?:sev|severity|prio|priority)[-_# ]?)(\d{1,2})(?!\w)", re.IGNORECASE)
# In capitals, with a digit mistyped as a letter that looks like it: `Pl`, `PO`, `SEVI`.
MISTYPED = re.compile(r"(P|S|SEV)(-?)(?=\d?[lIO])([\dlIO]{1,2})(?!\w)")
DIGITS = str.maketrans("lIO", "110")
OPENING = "[({<\"'“‘`*_~"
CLOSING = "])}>\"'”’`*_~"
# Separators between severity and title; NEEDING_A_BLANK also occur within names: `p1-db`, `p1.example.com`.
APART = ":;,!|–—=-./"
NEEDING_A_BLANK = "-./="


@dataclass(frozen=True)
class Named:
    """A severity of the runbook."""

    id: str
    name: str


@dataclass(frozen=True)
class SeverityMatch:
    """`clear`: the words can mean nothing else. `rest`: what follows them.

    `mistyped`: the word as typed, if a letter in it stands for a digit.
    """

    id: str
    rest: str
    clear: bool
    mistyped: str | None = None


@dataclass(frozen=True)
class Declared:
    """A parsed declaration. `severity` None: the default.

    `perhaps`: a severity the words may or may not mean. Then `severity` is the graver of it and the default, the title
    keeps all words, and the person has to be asked. `mistyped`: a word removed from the title and read as this
    severity, despite a letter in place of a digit; the person has to be told.
    """

    severity: str | None
    title: str
    perhaps: str | None = None
    mistyped: str | None = None


def declared(text: str, severities: Sequence[Named], usual: str) -> Declared:
    """`severities`: gravest first. Raises NotFound for `P9`, which only looks like one."""
    text = _unquoted(text.strip())
    first = first_named(text, severities) or _last_named(text, severities)
    if first is None:
        return Declared(None, text)
    if first.clear:
        return Declared(first.id, first.rest, mistyped=first.mistyped)
    ids = [one.id for one in severities]
    return Declared(min(first.id, usual, key=ids.index), text, perhaps=first.id)


def first_named(text: str, severities: Sequence[Named]) -> SeverityMatch | None:
    """The severity the text begins with: by id, by an unambiguous number, or by name. Raises NotFound as `declared`
    does."""
    bare = text.lstrip(OPENING + " ")
    if mark := MARK.match(bare):
        return _by_mark(mark, bare, opened=bare != text, severities=severities)
    if mark := MISTYPED.match(bare):
        return _by_mistyped(mark, bare, opened=bare != text, severities=severities)
    for one in sorted(severities, key=lambda one: len(one.name), reverse=True):
        after = bare[len(one.name) :]
        if one.name and bare[: len(one.name)].lower() == one.name.lower() and not after[:1].isalnum():
            # “Critical: x” means the severity; “High load on db1” is a title.
            return SeverityMatch(
                one.id, _title(after), clear=_stands_apart(after.lstrip(), opened=bare != text, worded=True)
            )
    return None


def by_number(number: int, severities: Sequence[Named]) -> str | None:
    """The id of the only severity with this number; P1 and SEV1 have 1."""
    found = [one.id for one in severities if int(re.sub(r"\D", "", one.id) or -1) == number]
    return found[0] if len(found) == 1 else None


def _by_mark(mark: re.Match[str], bare: str, *, opened: bool, severities: Sequence[Named]) -> SeverityMatch | None:
    after = bare[mark.end() :]
    clear = _stands_apart(after, opened=opened)
    # S3 is also file storage, so an S never means P3.
    is_own = (mark[1] or "").lower() == "s"
    if found := _spelt(mark[0], severities) or (None if is_own else by_number(int(mark[2]), severities)):
        return SeverityMatch(found, _title(after), clear)
    if not clear:
        return None
    known = either([one.id for one in severities])
    raise NotFound(f"There is no severity “{mark[0]}”. Use {known}.")


def _by_mistyped(mark: re.Match[str], bare: str, *, opened: bool, severities: Sequence[Named]) -> SeverityMatch | None:
    """`PO` and `PI` are words, too: `PO: x` means a severity, `PO box is full` is perhaps a title."""
    meant = _corrected(mark)
    numbered = MARK.fullmatch(meant) if mark[1] != "S" and not _is_word(mark) else None
    found = _spelt(meant, severities) or (by_number(int(numbered[2]), severities) if numbered else None)
    if found is None:
        return None
    after = bare[mark.end() :]
    clear = _stands_apart(after, opened=opened, worded=_is_word(mark))
    return SeverityMatch(found, _title(after), clear, mistyped=mark[0])


def _last_named(text: str, severities: Sequence[Named]) -> SeverityMatch | None:
    """`Checkout is down (P1)`: a likely match."""
    last = text.rsplit(maxsplit=1)[-1:] or [""]
    word = last[0].strip(OPENING + CLOSING + APART)
    mistyped = MISTYPED.fullmatch(word)
    if mistyped and not _is_word(mistyped):
        word = _corrected(mistyped)
    if not MARK.fullmatch(word) or last[0] == text:
        return None
    same = _spelt(word, severities)
    return SeverityMatch(same, "", clear=False) if same else None


def _spelt(word: str, severities: Sequence[Named]) -> str | None:
    """The severity with this id."""
    return next((one.id for one in severities if _letters(one.id) == _letters(word)), None)


def _corrected(mistyped: re.Match[str]) -> str:
    return f"{mistyped[1]}-{mistyped[3].translate(DIGITS)}"


def _is_word(mistyped: re.Match[str]) -> bool:
    """True for `PO` and `POI`, False for `Pl` and `SEVO`."""
    return mistyped[1] != "SEV" and mistyped[0].isalpha() and mistyped[0].isupper()


def _stands_apart(after: str, *, opened: bool, worded: bool = False) -> bool:
    """`worded`: it is an ordinary word, so a space does not separate it from the title."""
    closed = after.lstrip(CLOSING) if opened else after
    if not closed or closed != after or (closed[0].isspace() and not worded):
        return True
    behind = closed.lstrip(APART)
    return behind != closed and (not behind or behind[0].isspace() or closed[0] not in NEEDING_A_BLANK)


def _title(after: str) -> str:
    """What follows a severity, without separators."""
    rest = after.lstrip(CLOSING).lstrip(APART).lstrip()
    first, _, behind = rest.partition(" ")
    return behind.lstrip() if first and not first.strip(APART + ">") else rest


def _unquoted(text: str) -> str:
    """Strip quotes around the whole title."""
    for opening, closing in ('""', "''", "“”", "‘’"):
        inner = text[1:-1]
        if text[:1] == opening and text[-1:] == closing and opening not in inner and closing not in inner:
            return inner.strip()
    return text


def _letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())
