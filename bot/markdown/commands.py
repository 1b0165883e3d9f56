"""Extracts the commands from a code block: removes prompts and sample output."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.markdown.outline import Code

# Languages that are shown rather than run.
_SHOWN = frozenset(
    """c cpp css csv diff go html http java json jsx kotlin log logs markdown md mermaid out output plain plaintext rust
    swift text ts tsx txt typescript xml""".split()  # noqa: SIM905
)
_DRAWN = re.compile("[│┌└├─]")
_TRANSCRIPTS = frozenset({"console", "shell-session", "terminal"})

_PROMPT = re.compile(
    r"(?:\[?[\w.-]+@[\w.-]+(?::[^\s$#%]*)?[^$#%\n]{0,40}?[$#%]|[$%❯➜]|PS [A-Za-z]:[^>\n]{0,80}>|>>>|"
    r"(?:mysql|sqlite|psql)>|\w{1,40}[=-]#|[\w.-]{1,40}:[\d.]+>)(?:[ \t]+|$)"
)
_ROOT = re.compile(r"#[ \t]+(?=\S)")
_CONTINUED = re.compile(r">[ \t]?")
_HERE_DOCUMENT = re.compile(r"<<-?\s*['\"]?(?P<end>\w+)")

# Words that announce sample output.
_SAMPLE = re.compile(
    r"\b(?:(?:sample|example|expected)\s+(?:output|response|result)s?|output|should\s+(?:see|look|show|print|return)|"
    r"looks?\s+(?:something\s+)?like|(?:prints|returns|responds with|shows)\s*:?$|similar\s+to)\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"(?:#(?!!)|//)\s*")
_NUMBERED = re.compile(r"(?:#|//|--)\s*(?:step\s+)?\d{1,2}[.):]\s*(?P<words>\S.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """Commands under one comment. `words` None: what precedes the first comment; `text` may be ''."""

    words: str | None
    text: str
    line: int


def command_in(code: Code, introduced_by: str = "") -> str:
    """The text to copy; '' if the block only shows something. `introduced_by`: the text before it."""
    lines = code.text.split("\n")
    if any(_prompted(line, code.language) is not None for line in lines):
        return _typed(lines, code.language)
    if code.language in _SHOWN or _is_sample(introduced_by) or (not code.language and _DRAWN.search(code.text)):
        return ""
    return code.text.strip("\n")


def only_comments(text: str) -> list[str] | None:
    """The words of a text that consists only of comments; None: there is a command in it."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not all(_COMMENT.match(line) for line in lines):
        return None
    return [words for line in lines if (words := _COMMENT.sub("", line, count=1)) and re.search(r"\w", words)]


def numbered_parts(code: Code) -> Sequence[Part]:
    """The parts of a block with numbered comments (`# 1. Check …`); empty if there are none."""
    found = [(at, _NUMBERED.fullmatch(line.strip())) for at, line in enumerate(code.text.split("\n"))]
    starts = {at: match["words"] for at, match in found if match}
    return list(_parts(code, starts)) if len(starts) > 1 else ()


def commented_parts(code: Code) -> Sequence[Part]:
    """The parts of a block that are separated by empty lines, each under a comment; empty if there are fewer than
    two."""
    lines = ["", *code.text.split("\n")]
    starts: dict[int, str] = {}
    for at, (before, line) in enumerate(pairwise(lines)):
        comment = re.fullmatch(r"(?:#|//|--)\s*(\w.*)", line)
        if comment and not before.strip():
            starts[at] = comment[1]
    return list(_parts(code, starts)) if len(starts) > 1 else ()


def _parts(code: Code, starts: dict[int, str]) -> Iterator[Part]:
    lines = code.text.split("\n")
    ends = [*list(starts)[1:], len(lines)]
    first = next(iter(starts))
    if before := "\n".join(lines[:first]).strip("\n"):
        yield Part(None, before, code.line + 1)
    for (start, words), end in zip(starts.items(), ends, strict=True):
        yield Part(words, "\n".join(lines[start + 1 : end]).strip("\n"), code.line + 1 + start)


def _is_sample(words: str) -> bool:
    return bool(_SAMPLE.search(words.strip().rpartition("\n")[2]))


def _prompted(line: str, language: str) -> str | None:
    """What is typed after the prompt; None if there is no prompt."""
    bare = line.lstrip()
    found = _PROMPT.match(bare) or (_ROOT.match(bare) if language in _TRANSCRIPTS else None)
    return bare[found.end() :] if found else None


def _typed(lines: Sequence[str], language: str) -> str:
    typed: list[str] = []
    ends_with = ""
    for line in lines:
        behind = _prompted(line, language)
        if ends_with:
            typed.append(line)
            ends_with = "" if line.strip() == ends_with else ends_with
            continue
        if behind:
            typed.append(behind)
        elif behind is None and typed and typed[-1].endswith("\\"):
            typed.append(_CONTINUED.sub("", line, count=1))
        else:
            continue
        document = _HERE_DOCUMENT.search(typed[-1])
        ends_with = document["end"] if document else ""
    return "\n".join(typed)
