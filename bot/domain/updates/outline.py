"""The layout of plain text: paragraphs, lists, and lines that state a fact, such as `Status: identified`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# A few words beginning with a capital; anything longer is a sentence with a colon.
FACT = re.compile(r"(?P<label>[A-Z][\w-]*(?: [\w-]+){0,2}): (?P<text>\S.*)")
ITEM = re.compile(r"[-*•] +(?P<text>\S.*)")


@dataclass(frozen=True)
class Line:
    """`label`: what precedes a fact's colon; empty: not a fact."""

    text: str
    label: str = ""


@dataclass(frozen=True)
class Part:
    """A block between blank lines, or the items of one list."""

    kind: Literal["paragraph", "list"]
    lines: Sequence[Line]


def outline(text: str) -> list[Part]:
    """Every word of the text, in order."""
    parts: list[Part] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        for line in filter(None, (one.strip() for one in block.split("\n"))):
            item = ITEM.fullmatch(line)
            kind: Literal["paragraph", "list"] = "list" if item else "paragraph"
            if not parts or parts[-1].kind != kind:
                parts.append(Part(kind, []))
            parts[-1] = Part(kind, [*parts[-1].lines, Line(item["text"]) if item else _line(line)])
        parts.append(Part("paragraph", []))
    return [part for part in parts if part.lines]


def _line(text: str) -> Line:
    fact = FACT.fullmatch(text)
    return Line(fact["text"], fact["label"]) if fact else Line(text)
