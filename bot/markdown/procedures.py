"""Reads a procedure that is kept as a Markdown file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.markdown.front_matter import front_matter
from bot.markdown.outline import Listing, Outline, outline
from bot.markdown.steps import SYMPTOMS, as_content, steps_in
from bot.markdown.words import one_line

NO_STEPS = "holds no steps: write a numbered list, or headings with a block of commands below each"
FRONT = ("title", "severity", "alerts", "review_by")


@dataclass(frozen=True)
class ProcedureText:
    """`content`: in the runbook's form; `lines`: of its parts (`("steps", 2)`); `mistakes`: line and message."""

    content: Mapping[str, Any]
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict)
    mistakes: Sequence[tuple[int, str]] = ()


def read_procedure(text: str, default_title: str) -> ProcedureText:
    """Read any text. Names in it, such as its severity, aren't checked."""
    front = front_matter(text)
    read = outline(front.body, front.body_line)
    steps = steps_in(read.sections)
    content: dict[str, Any] = {"title": _title(read) or default_title}
    content |= {key: front.values[key] for key in FRONT if front.values.get(key)}
    if isinstance(content.get("alerts"), str):
        content["alerts"] = [content["alerts"]]
    if symptoms := _symptoms(read):
        content["symptoms"] = symptoms
    content["steps"] = done = as_content(steps)
    lines: dict[tuple[str | int, ...], int] = {(): 1}
    lines |= {(key,): front.lines[key] for key in FRONT if key in front.lines}
    for index, (step, entries) in enumerate(zip(steps, done, strict=True)):
        lines |= {("steps", index): step.line} | {("steps", index, key): step.line for key in entries}
    mistakes = [front.mistake] if front.mistake else []
    return ProcedureText(content, lines, mistakes if steps else [*mistakes, (1, NO_STEPS)])


def _title(read: Outline) -> str | None:
    return one_line(read.title) if read.title else None


def _symptoms(read: Outline) -> list[str]:
    return [
        one_line(item.text)
        for section in read.sections
        if SYMPTOMS.fullmatch(section.title)
        for block in section.blocks
        if isinstance(block, Listing) and not block.is_numbered
        for item in block.items
        if item.text
    ]
