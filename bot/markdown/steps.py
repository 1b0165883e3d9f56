"""Extracts the steps in sections of a document: numbered items, checkboxes, headings with commands, questions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.markdown.commands import command_in, commented_parts, numbered_parts, only_comments
from bot.markdown.outline import LABEL, Block, Code, Item, Listing, Paragraph, Section, Table
from bot.markdown.questions import NEXT, STOP, Question, otherwise_in, question_in, tree_in
from bot.markdown.words import one_line, plain

# Sections to read, without anything to do.
READ_ABOUT = re.compile(
    r"(?:table of )?contents?|references?|links|useful links|further reading|see also|related.*|"
    r"(?:additional )?resources|change ?log|"
    r"(?:revision |version )?history",
    re.IGNORECASE,
)
SYMPTOMS = re.compile(r"symptoms?|signs?|indicators?|how to recogni[sz]e.*", re.IGNORECASE)
# Notes are cut to this length, which fits the runbook's limit.
MOST_WORDS = 2900


@dataclass
class Step:
    """In the end it has at most one of `run` and `answers`. `line` counts from 1. `leads_past`: how many of the
    following steps apply only if the answer is yes."""

    words: str
    line: int
    run: str = ""
    notes: list[str] = field(default_factory=list)
    question: Question | None = None
    leads_past: int = 1

    def plain(self, number: int, count: int) -> dict[str, Any]:
        """In the runbook's form: the step `number`, from 1, of `count`."""
        if self.question is None:
            content: dict[str, Any] = {"do": self.words}
            comments = only_comments(self.run)
            notes = [*self.notes, *(words[:MOST_WORDS] for words in comments or ())]
            return content | ({"run": self.run} if comments is None else {}) | ({"notes": notes} if notes else {})
        on = NEXT if number < count else STOP
        past = f"Go to step {number + self.leads_past + 1}" if number + self.leads_past < count else STOP
        # A question whose yes leads to the next step has a no that skips it.
        otherwise = self.question.otherwise or (on if self.question.then else past)
        answers = {"Yes": self.question.then or on, "No": otherwise}
        return {"ask": self.question.ask, "answers": answers} | ({"notes": self.notes} if self.notes else {})


def steps_in(sections: Iterable[Section], *, apart: bool = False) -> list[Step]:
    """All steps, in order. `apart`: the commented parts of a code block become separate steps."""
    reading = _Steps(apart=apart)
    for section in sections:
        if SYMPTOMS.fullmatch(section.title):
            reading.section(_without_words(section))
        elif not READ_ABOUT.fullmatch(section.title):
            reading.section(section)
    return reading.steps


def as_content(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [step.plain(number, len(steps)) for number, step in enumerate(steps, start=1)]


class _Steps:
    def __init__(self, *, apart: bool) -> None:
        self.steps: list[Step] = []
        self._apart = apart
        self._above: Step | None = None
        self._introduction = ""

    def section(self, section: Section) -> None:
        """Read a section. Until it has a step, a command belongs to its heading."""
        self._above = None
        self._introduction = ""
        condition = self._condition(section)
        heading = Step(section.title, section.line) if section.title and not condition else None
        introduced: Step | None = None
        before = len(self.steps)
        for block in section.blocks:
            match block:
                case Code():
                    self._code(block, heading)
                case Listing():
                    self._listing(block, heading)
                case Paragraph():
                    self._paragraph(block, heading)
                case Table():
                    continue
            self._ends(introduced)
            introduced = self._introduced(block)
        self._ends(condition)
        if (
            heading
            and self._apart
            and section.level == LABEL
            and self.steps[before:]
            and heading is not self.steps[before]
        ):
            # A bold line isn't a step itself: it says what the steps below are for.
            self.steps[before].words = f"{plain(section.title)}: {self.steps[before].words}"

    def _condition(self, section: Section) -> Step | None:
        """A bold line such as “If the site is down:” is a question, and what follows applies if so."""
        if section.level != LABEL or (question := question_in(section.title)) is None:
            return None
        asked = Step(one_line(section.title), section.line, question=question)
        self._add(asked)
        return asked

    def _introduced(self, block: Block) -> Step | None:
        """The question of a line such as “If it has to be taken down:”, which applies to the whole next block."""
        is_line = isinstance(block, Paragraph) and block.text.rstrip().endswith(":")
        return self._above if is_line and self._above and self._above.question else None

    def _ends(self, asked: Step | None) -> None:
        """Mark the end of what the question's yes leads to."""
        if asked is None or asked.question is None or asked.question.then:
            return
        below = len(self.steps) - next(at for at, step in enumerate(self.steps, start=1) if step is asked)
        asked.leads_past = below

    def _code(self, code: Code, heading: Step | None) -> None:
        for at, question in tree_in(code.text):
            self._add(Step(question.ask, code.line + 1 + at, question=question))
        run = command_in(code, self._introduction)
        self._introduction = ""
        parts = (numbered_parts(code) or (commented_parts(code) if self._apart else ())) if run else ()
        if parts:
            for part in parts:
                above = self._above or heading
                title = above.words if above else "Run"
                self._add(Step(part.words or title, part.line, part.text))
        elif run:
            self._run(run, code.line, heading)

    def _run(self, run: str, line: int, heading: Step | None) -> None:
        step = self._above or self._add(heading or Step("Run", line))
        if step.question is not None:
            # Questions have no command: what their answer is about becomes the next step.
            step = self._when_so(step, step.question, line)
        step.run = f"{step.run}\n{run}".strip("\n")

    def _when_so(self, asked: Step, question: Question, line: int) -> Step:
        """Add the step after a question, for the answer yes."""
        if question.otherwise:
            asked.notes.append(f"Otherwise: {question.otherwise}")
        asked.question = Question(question.ask)
        return self._add(Step(one_line(question.then or asked.words).rstrip(":"), line))

    def _noted(self, above: Step, notes: Sequence[str], line: int) -> None:
        """Add notes. After a question that doesn't say what to do if so, they are that step."""
        if above.question is not None and not above.question.then:
            above = self._when_so(above, above.question, line)
        above.notes += [words[:MOST_WORDS] for words in notes]

    def _paragraph(self, block: Paragraph, heading: Step | None) -> None:
        self._introduction = block.text
        for number, line in enumerate(block.text.split("\n")):
            otherwise = otherwise_in(line)
            question = question_in(line)
            if question:
                self._add(Step(one_line(line), block.line + number, question=question))
            elif otherwise and self._above and self._above.question:
                self._above.question = Question(self._above.question.ask, self._above.question.then, otherwise)
            elif number == 0 and self._above is not None and not block.text.rstrip().endswith(":"):
                self._noted(self._above, [one_line(block.text)], block.line)

    def _listing(self, listing: Listing, heading: Step | None) -> None:
        self._introduction = ""
        for item in listing.items:
            if question := question_in(item.text):
                self._add(Step(one_line(item.text), item.line, question=question))
                self._within(item.within)
            elif (otherwise := otherwise_in(item.text)) and self._above and self._above.question:
                self._above.question = Question(self._above.question.ask, self._above.question.then, otherwise)
            elif (listing.is_numbered or item.is_box) and item.text:
                self._add(Step(_words(item), item.line))
                self._within(item.within)
            elif self._above is not None:
                self._noted(
                    self._above, _words_of([Listing(is_numbered=False, items=[item], line=item.line)]), item.line
                )

    def _within(self, blocks: Sequence[Block]) -> None:
        """Read an item's content: commands belong to its step, nested items become its notes."""
        for block in blocks:
            if isinstance(block, Code):
                self._code(block, None)
            elif isinstance(block, Paragraph):
                self._paragraph(block, None)
            elif isinstance(block, Listing):
                for item in block.items:
                    self._nested(item)

    def _nested(self, item: Item) -> None:
        """A nested question becomes a step; any other nested item a note of its step."""
        otherwise = otherwise_in(item.text)
        if question := question_in(item.text):
            self._add(Step(one_line(item.text), item.line, question=question))
        elif otherwise and self._above and self._above.question:
            self._above.question = Question(self._above.question.ask, self._above.question.then, otherwise)
        elif self._above is not None and item.text:
            self._noted(self._above, [one_line(item.text)], item.line)
        self._introduction = item.text
        self._within(item.within)

    def _add(self, step: Step) -> Step:
        self.steps.append(step)
        self._above = step
        return step


def _without_words(section: Section) -> Section:
    """Only what there is to do in a section about symptoms."""
    done = [block for block in section.blocks if isinstance(block, Code) or _is_numbered(block)]
    return Section(section.title, section.level, section.line, done)


def _is_numbered(block: Block) -> bool:
    return isinstance(block, Listing) and block.is_numbered


def _words(item: Item) -> str:
    return one_line(item.text).removesuffix(":") or plain(item.text)


def _words_of(blocks: Iterable[Block]) -> list[str]:
    """The words of lists, entry by entry."""
    words: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            words.append(one_line(block.text))
        elif isinstance(block, Listing):
            for item in block.items:
                words += [one_line(item.text)] if item.text else []
                words += _words_of(item.within)
    return words
