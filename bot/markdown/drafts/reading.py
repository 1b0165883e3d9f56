"""Reads documents into a draft: section by section, each as the first thing that it looks like."""

import re
from collections.abc import Sequence
from typing import Any

from bot.markdown.commands import command_in
from bot.markdown.descriptions import is_description
from bot.markdown.drafts.draft import Draft, Note
from bot.markdown.drafts.lists import TRIAGE, read_list
from bot.markdown.drafts.tables import read_table
from bot.markdown.drafts.templates import OPEN, OVER, RESOLVED, reader_of, text_in
from bot.markdown.drafts.values import duration_in, severity_in, severity_said
from bot.markdown.front_matter import front_matter
from bot.markdown.outline import LABEL, Block, Code, Listing, Outline, Paragraph, Section, Table, outline
from bot.markdown.steps import READ_ABOUT, SYMPTOMS, as_content, steps_in
from bot.markdown.words import one_line, plain

# A part of the procedure above it.
PARTS = re.compile(
    r"(?:immediate |initial |first )?(?:actions?|responses?|steps?|fix(?:es)?)|investigation|diagnosis|mitigation|"
    r"resolution|verification|recovery|symptoms?|meaning|impact",
    re.IGNORECASE,
)
CHECKLIST = re.compile(r"check ?list", re.IGNORECASE)
TEMPLATE = re.compile(r"template|communication|announcement|notification", re.IGNORECASE)
BACKUPS = re.compile(r"back-?ups?\b.*\b(?:strategy|policy|policies|features|schedule|retention|plan)\b", re.IGNORECASE)
KEPT = re.compile(r"retention|schedule|daily|hourly|every \d+", re.IGNORECASE)
MAINTENANCE = re.compile(r"maintenance|planned work", re.IGNORECASE)
NOTICE = re.compile(r"\bnotice\b|in advance|ahead", re.IGNORECASE)
RESPONSE = re.compile(r"response time|respond|acknowledge", re.IGNORECASE)
RESOLUTION = re.compile(r"resol", re.IGNORECASE)
SHOWN = 12


def draft_of(documents: Sequence[tuple[str, str]]) -> Draft:
    """Of (name, text) of each; any text at all gives a draft, perhaps an empty one."""
    draft = Draft()
    for name, text in documents:
        front = front_matter(text)
        _Reading(draft, name, outline(front.body, front.body_line)).all()
    return draft


class _Reading:
    def __init__(self, draft: Draft, file: str, read: Outline) -> None:
        self._draft = draft
        self._file = file
        self._outline = read
        self._procedure: tuple[Section, list[Section]] | None = None

    def all(self) -> None:
        self._draft.title = self._draft.title or one_line(self._outline.title or "")
        for index, section in enumerate(self._outline.sections):
            if section.blocks:
                self._section(section, [one.title for one in self._outline.around(index)])
            elif 0 < section.level < LABEL:
                self._finish()
                self._procedure = (section, [])
        self._finish()

    def _section(self, section: Section, around: Sequence[str]) -> None:
        if severity_in(section.title) and not _has_commands(section.blocks) and not _is_done(section.blocks):
            self._severity(section)
            return
        if any(MAINTENANCE.search(title) for title in (section.title, *around[-1:])):
            self._notice(section)
        rest: list[Block] = []
        said = section
        for block in section.blocks:
            what = None
            if isinstance(block, Table):
                what = read_table(block, self._draft)
            elif isinstance(block, Listing):
                what = read_list(said, (*around, section.title), block, self._draft)
            if what and said is not section:
                # The line that introduces what was understood has been understood too.
                rest.pop()
            said = _introduced(section, block)
            if what:
                self._note(section, block.line, what)
                self._unread(section)
            else:
                rest.append(block)
        if rest:
            self._rest(Section(section.title, section.level, section.line, rest), around)

    def _severity(self, section: Section) -> None:
        id = str(severity_in(section.title))
        said: dict[str, Any] = {**severity_said(section.title, id)}
        for words in _lines(section.blocks):
            if RESPONSE.search(words) and duration_in(words):
                said["respond_within"] = duration_in(words)
            elif RESOLUTION.search(words) and duration_in(words):
                said["resolve_within"] = duration_in(words)
            else:
                said.setdefault("examples", []).append(words)
        self._draft.severity(id, said)
        self._note(section, section.line, f"severity {id}")

    def _notice(self, section: Section) -> None:
        """How early planned work is announced; that also stays where it is, as a step."""
        said = (duration_in(line) for line in _lines(section.blocks) if NOTICE.search(line))
        span = next((one for one in said if one and one[0].isdigit()), None)
        if span and self._draft.notice is None:
            self._draft.notice = span
            self._note(section, section.line, f"maintenance.notice, {span}")

    def _rest(self, section: Section, around: Sequence[str]) -> None:
        """A step of the procedure at hand, the beginning of another, a template, or nothing that is known here."""
        if READ_ABOUT.fullmatch(section.title):
            self._left(section, "references have no key; keep them where they are")
        elif any(TEMPLATE.search(title) for title in (section.title, *around[-1:])) and not (
            _has_commands(section.blocks) or _is_done(section.blocks)
        ):
            self._template(section, around[-1] if around else "")
        elif CHECKLIST.search(section.title) and (steps := steps_in([section], apart=True)):
            items = self._draft.checklists.setdefault("triage", [])
            items += [step.words for step in steps]
            if not TRIAGE.search(" / ".join((*around[-2:], section.title))):
                self._draft.ask_about_triage(section.title)
            self._note(section, section.line, f"checklist triage ({len(steps)}), and its commands as a procedure")
            self._step(section, around)
        elif is_description(section):
            self._left(section, "it describes what there is; as steps nobody could do it")
        elif steps_in([section], apart=True) or (self._goes_on(section) and SYMPTOMS.fullmatch(section.title)):
            self._step(section, around)
        elif BACKUPS.search(section.title) and any(KEPT.search(line) for line in _lines(section.blocks)):
            self._backups(section)
        else:
            self._left(section, "nothing in it is a table, list or step that a runbook has a key for")

    def _backups(self, section: Section) -> None:
        """Without an address nothing can be backed up, so what it says stands where that goes."""
        said = "; ".join(one_line(line) for line in _lines(section.blocks))
        title = one_line(section.title)
        self._draft.ask("backups", f"the address of each database. “{title}” says: {said}")
        self._note(section, section.line, "what backups needs, as a comment there: an address is not in it")

    def _template(self, section: Section, around: str) -> None:
        reader, text = reader_of(section, around), text_in(section)
        moment = OVER if RESOLVED.search(section.title) else OPEN
        if text is None:
            self._left(section, "it's no text for an audience; words for audiences are templates: docs/templates.md")
        elif reader is None:
            self._left(section, "it doesn't say which audience reads it; as a template: docs/templates.md")
        elif moment in self._draft.templates.setdefault(reader, {}):
            self._left(section, f"another text is the template {reader} already")
        else:
            self._draft.templates[reader][moment] = text
            self._note(section, section.line, f"the template {reader}, {moment}; --templates DIR writes it")

    def _goes_on(self, section: Section) -> bool:
        above = self._procedure[0] if self._procedure else None
        return above is not None and section.level > above.level

    def _step(self, section: Section, around: Sequence[str]) -> None:
        is_part = section.level == LABEL or bool(PARTS.fullmatch(section.title))
        if is_part and self._goes_on(section) and self._procedure:
            self._procedure[1].append(section)
            return
        self._finish()
        title = around[-1] if is_part and around else section.title
        level = section.level - 1 if is_part else section.level
        self._procedure = (Section(title, level, section.line), [section])

    def _finish(self) -> None:
        if self._procedure is None:
            return
        head, sections = self._procedure
        self._procedure = None
        steps = as_content(steps_in(sections, apart=True))
        if not steps:
            return
        symptoms = [words for one in sections if SYMPTOMS.fullmatch(one.title) for words in _lines(one.blocks)]
        content: dict[str, Any] = {"title": one_line(head.title)[:150] or "Procedure"}
        content |= {"symptoms": symptoms} if symptoms else {}
        key = self._draft.procedure(head.title or self._file, content | {"steps": steps})
        self._note(head, sections[0].line, f"procedure {key} ({len(steps)} steps)")

    def _note(self, section: Section, line: int, understood: str) -> None:
        self._draft.notes.append(Note(self._file, line, one_line(section.title), understood))

    def _unread(self, section: Section) -> None:
        """What a list or a table holds besides."""
        for line, text in self._draft.unread:
            why = "no address or number that could be used is in it"
            self._draft.notes.append(Note(self._file, line, one_line(section.title), None, why, text))
        self._draft.unread.clear()

    def _left(self, section: Section, why: str) -> None:
        text = "\n".join(_lines(section.blocks))
        self._draft.notes.append(Note(self._file, section.line, one_line(section.title), None, why, text))


def _introduced(section: Section, block: Block) -> Section:
    """What comes after a line such as “Daily tasks:” stands below it as below a heading."""
    is_line = isinstance(block, Paragraph) and "\n" not in block.text and block.text.rstrip(" *").endswith(":")
    return Section(plain(block.text), LABEL, block.line) if is_line and isinstance(block, Paragraph) else section


def _has_commands(blocks: Sequence[Block]) -> bool:
    return any(isinstance(one, Code) and one.language and command_in(one) for one in blocks)


def _is_done(blocks: Sequence[Block]) -> bool:
    """Whether there is a numbered list: what to do, and not what it is like."""
    return any(isinstance(one, Listing) and one.is_numbered for one in blocks)


def _lines(blocks: Sequence[Block]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph | Code):
            found += block.text.split("\n")
        elif isinstance(block, Listing):
            for item in block.items:
                found += [one_line(item.text), *_lines(item.within)]
        elif isinstance(block, Table):
            found += [" | ".join(row.cells) for row in block.rows]
    return [line for line in found if line.strip()]
