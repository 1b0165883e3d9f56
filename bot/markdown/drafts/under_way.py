"""Collects the procedure that a document is in the middle of: its heading, and the parts so far."""

import re
from collections.abc import Sequence
from typing import Any

from bot.markdown.drafts.draft import Draft
from bot.markdown.drafts.places import Found
from bot.markdown.drafts.values import severities_in, unnumbered
from bot.markdown.outline import LABEL, Section, lines_of
from bot.markdown.questions import question_in
from bot.markdown.steps import SYMPTOMS, as_content, steps_in
from bot.markdown.words import one_line

# Headings of parts of the procedure above them.
PARTS = re.compile(
    r"(?:immediate |initial |first )?(?:actions?|responses?|steps?|fix(?:es)?)|investigation|diagnosis|mitigation|"
    r"resolution|verification|recovery|symptoms?|meaning|impact",
    re.IGNORECASE,
)


class UnderWay:
    """`otherwise`: the title for steps without a heading."""

    def __init__(self, draft: Draft, otherwise: str) -> None:
        self._draft = draft
        self._otherwise = otherwise
        self._head: Section | None = None
        self._parts: list[Section] = []
        self._above = ""

    def begin(self, head: Section, above: str) -> tuple[Section, int, Found] | None:
        """Start a procedure at this heading; returns the outcome of the previous one, which is finished."""
        done = self.finish()
        self._head, self._parts, self._above = head, [], above
        return done

    def goes_on(self, section: Section) -> bool:
        return self._head is not None and section.level > self._head.level

    def takes(self, section: Section, around: Sequence[str]) -> tuple[Section, int, Found] | None:
        """Add a section to the procedure, or start the next; then returns the outcome of the previous one."""
        is_condition = section.level == LABEL and question_in(section.title) is not None
        is_part = section.level == LABEL or bool(PARTS.fullmatch(section.title))
        if is_part and self.goes_on(section):
            self._parts.append(section)
            return None
        title = around[-1] if is_part and around and not (is_condition and len(around) < 2) else section.title
        level = section.level - 1 if is_part else section.level
        done = self.begin(Section(title, level, section.line), around[-1] if around else "")
        self._parts.append(section)
        return done

    def finish(self) -> tuple[Section, int, Found] | None:
        """The procedure's heading, the line of its first part, and what it became; None: it has no steps."""
        head, parts = self._head, self._parts
        self._head, self._parts = None, []
        steps = as_content(steps_in(parts, apart=True)) if head else []
        if head is None or not steps:
            return None
        symptoms = [words for one in parts if SYMPTOMS.fullmatch(one.title) for words in lines_of(one.blocks)]
        content: dict[str, Any] = {"title": self._title(head)}
        content |= {"severity": named[0]} if len(named := severities_in(head.title)) == 1 else {}
        content |= {"symptoms": symptoms} if symptoms else {}
        key = self._draft.procedure(content["title"], content | {"steps": steps})
        return (
            head,
            parts[0].line,
            Found(f"procedures.{key}", f"procedure {key} ({len(steps)} step{'' if len(steps) == 1 else 's'})"),
        )

    def _title(self, head: Section) -> str:
        """If two have the same title, the second one adds the heading above it."""
        title = unnumbered(one_line(head.title))[:150] or self._otherwise
        known = {one["title"] for one in self._draft.procedures.values()}
        above = unnumbered(one_line(self._above))
        return f"{title} ({above})"[:150] if title in known and above else title
