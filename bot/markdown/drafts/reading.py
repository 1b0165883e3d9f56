"""Reads documents into a draft, section by section, each as the first thing that it resembles."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from bot.markdown.commands import command_in
from bot.markdown.descriptions import is_description
from bot.markdown.drafts.backups import KEPT, POLICY, backups_of, database_of, databases_in, read_policy
from bot.markdown.drafts.draft import Draft, Note
from bot.markdown.drafts.front import take, title_of
from bot.markdown.drafts.lists import POSTMORTEM, TRIAGE, read_list
from bot.markdown.drafts.places import Found, placed, subject_of
from bot.markdown.drafts.tables import read_table
from bot.markdown.drafts.templates import OPEN, OVER, RESOLVED, reader_of, text_in
from bot.markdown.drafts.under_way import UnderWay
from bot.markdown.drafts.values import duration_in, named, severity_in, severity_said
from bot.markdown.drafts.watching import watch
from bot.markdown.front_matter import FrontMatter, front_matter
from bot.markdown.outline import LABEL, Block, Code, Listing, Paragraph, Section, Table, lines_of, outline
from bot.markdown.steps import READ_ABOUT, SYMPTOMS, steps_in
from bot.markdown.words import one_line, plain

CHECKLIST = re.compile(r"check ?list", re.IGNORECASE)
TEMPLATE = re.compile(r"template|communication|announcement|notification", re.IGNORECASE)
MAINTENANCE = re.compile(r"maintenance|planned work", re.IGNORECASE)
NOTICE = re.compile(r"\bnotice\b|in advance|ahead", re.IGNORECASE)
RESPONSE = re.compile(r"respon[ds]|acknowledge", re.IGNORECASE)
RESOLUTION = re.compile(r"resol|fix", re.IGNORECASE)
TIMED = re.compile(r"time|target|within", re.IGNORECASE)
ROOM = re.compile(r"#(?P<prefix>[a-z][a-z0-9-]{0,20})-(?:YYYY|<date>|\[date\]|\{date\})")
PUBLIC = re.compile(r"\bpost in #(?P<channel>[a-z][a-z0-9_-]{1,79})\b.{0,20}\b(?:user|customer|client)", re.IGNORECASE)


def draft_of(documents: Sequence[tuple[str, str]]) -> Draft:
    """Draft from (name, text) pairs; every text yields a draft, possibly an empty one."""
    draft = Draft()
    for name, text in documents:
        _Reading(draft, name, front_matter(text)).all()
    _complete(draft)
    return draft


def _complete(draft: Draft) -> None:
    """Fill in what depends on all documents together."""
    draft.backups = backups_of(draft)
    if draft.connections_below:
        limit = {"connections_below": draft.connections_below}
        if address := database_of(draft):
            draft.checks.setdefault("database", {address[0]: address[1], **limit})
        else:
            draft.ask("health", f"the address of the database, for connections_below: {draft.connections_below}")
    for check in draft.checks.values():
        if draft.slow and "http" in check:
            check["slow"] = draft.slow
    _unnamed_in_the_matrix(draft)
    for key, procedure in draft.procedures.items():
        severity = procedure.get("severity")
        if severity and severity not in draft.severities:
            del procedure["severity"]
            draft.ask("severities", f"{severity}, which procedure {key} is for: no document describes it")


def _unnamed_in_the_matrix(draft: Draft) -> None:
    """For severities missing from the matrix, page the first tier alone: nothing says that they escalate."""
    first = next(
        (one["escalation"]["steps"][0]["page"] for one in draft.severities.values() if "escalation" in one), ""
    )
    for id, one in draft.severities.items():
        if first and "escalation" not in one:
            wait = str(one.get("respond_within", ""))
            one["escalation"] = {"steps": [{"page": first} | ({"wait": wait} if wait[:1].isdigit() else {})]}
            draft.ask(
                "severities", f"who is paged for {id}? The matrix doesn't say; here it is {draft.tiers[first]} alone"
            )


class _Reading:
    def __init__(self, draft: Draft, file: str, front: FrontMatter) -> None:
        self._draft = draft
        self._file = file
        self._front = front
        self._outline = outline(front.body, front.body_line)
        self._title = one_line(title_of(front) or self._outline.title or "")
        self._procedure = UnderWay(draft, title_of(front) or PurePath(file).stem)
        self._notes: list[Note] = []

    def all(self) -> None:
        known = set(self._draft.procedures)
        self._draft.title = self._draft.title or self._title
        for index, section in enumerate(self._outline.sections):
            around = [one.title for one in self._outline.around(index)]
            if section.blocks:
                self._section(section, around)
            elif 0 < section.level < LABEL:
                self._done(self._procedure.begin(section, around[-1] if around else ""))
        self._done(self._procedure.finish())
        own = [key for key in self._draft.procedures if key not in known]
        self._notes += take(self._draft, self._file, self._front, own)
        self._draft.notes += placed(sorted(self._notes, key=lambda note: note.line))

    def _section(self, section: Section, around: Sequence[str]) -> None:
        if severity_in(section.title) and not _has_commands(section.blocks) and not _is_done(section.blocks):
            self._severity(section)
            return
        self._besides(section, around)
        rest: list[Block] = []
        said = section
        for block in section.blocks:
            what = None
            if isinstance(block, Table):
                what = read_table(block, self._draft)
            elif isinstance(block, Listing):
                what = read_list(said, (*around, section.title), block, self._draft)
            if what and said is not section:
                # The line that introduces what was understood is understood, too.
                rest.pop()
            said = _introduced(section, block)
            if what:
                self._note(section, block.line, what)
                self._unread(section, what.key)
            else:
                rest.append(block)
        if rest:
            self._rest(Section(section.title, section.level, section.line, rest), around)

    def _besides(self, section: Section, around: Sequence[str]) -> None:
        """Read what a section says in passing; its steps remain steps."""
        for line, found in watch(section, around, self._draft):
            self._note(section, line, found)
        for code in _code_in(section.blocks):
            databases_in(code, self._draft)
        if any(MAINTENANCE.search(title) for title in (section.title, *around[-1:])):
            self._notice(section)
        if POSTMORTEM.search(section.title) and (span := duration_in(section.title)):
            self._draft.postmortem.setdefault("draft_within", span)
            self._draft.ask("postmortem", f"“{one_line(section.title)}”: is that when the draft is due?")
        for words in lines_of(section.blocks):
            if room := ROOM.search(words):
                self._draft.channels.setdefault("prefix", room["prefix"])
            if public := PUBLIC.search(words):
                self._draft.channels.setdefault("public", f"#{public['channel']}")

    def _severity(self, section: Section) -> None:
        id = str(severity_in(section.title))
        said: dict[str, Any] = {**severity_said(section.title, id)}
        for words in lines_of(section.blocks):
            name = named(words)[0] or (words if TIMED.search(words) else "")
            if RESPONSE.match(name) and duration_in(words):
                said["respond_within"] = duration_in(words)
            elif RESOLUTION.match(name) and duration_in(words):
                said["resolve_within"] = duration_in(words)
            else:
                said.setdefault("examples", []).append(words)
        self._draft.severity(id, said)
        self._note(section, section.line, Found("severities", f"severity {id}"))

    def _notice(self, section: Section) -> None:
        """Read how early planned work is announced; the line also remains a step."""
        said = (duration_in(line) for line in lines_of(section.blocks) if NOTICE.search(line))
        span = next((one for one in said if one and one[0].isdigit()), None)
        if span and self._draft.notice is None:
            self._draft.notice = span
            self._note(section, section.line, Found("maintenance", f"maintenance.notice, {span}"))

    def _rest(self, section: Section, around: Sequence[str]) -> None:
        """Anything else: steps of the current procedure or the start of another, a template, or unknown."""
        if READ_ABOUT.fullmatch(section.title):
            self._left(section, around, "references have no key; keep them where they are")
        elif any(TEMPLATE.search(title) for title in (section.title, *around[-1:])) and not (
            _has_commands(section.blocks) or _is_done(section.blocks)
        ):
            self._template(section, around)
        elif CHECKLIST.search(section.title) and (steps := steps_in([section], apart=True)):
            items = self._draft.checklists.setdefault("triage", [])
            items += [step.words for step in steps]
            if not TRIAGE.search(" / ".join((*around[-2:], section.title))):
                self._draft.ask_about_triage(section.title)
            words = f"checklist triage ({len(steps)}), and its commands as a procedure"
            self._note(section, section.line, Found("checklists", words))
            self._done(self._procedure.takes(section, around))
        elif is_description(section):
            self._left(section, around, "it describes what there is; as steps nobody could do it")
        elif steps_in([section], apart=True) or (
            self._procedure.goes_on(section) and SYMPTOMS.fullmatch(section.title)
        ):
            self._done(self._procedure.takes(section, around))
        elif POLICY.search(section.title) and any(KEPT.search(line) for line in lines_of(section.blocks)):
            self._backups(section)
        else:
            self._left(section, around, "nothing in it is a table, list or step that a runbook has a key for")

    def _backups(self, section: Section) -> None:
        others = read_policy(one_line(section.title), lines_of(section.blocks), self._draft)
        self._note(section, section.line, Found("backups", "backups; what is still missing is asked there"))
        for line in others:
            why = "it is no database; it is kept some other way"
            self._notes.append(Note(self._file, section.line, one_line(section.title), None, why, line, "backups"))

    def _template(self, section: Section, around: Sequence[str]) -> None:
        reader, text = reader_of(section, around[-1] if around else ""), text_in(section)
        moment = OVER if RESOLVED.search(section.title) else OPEN
        if POSTMORTEM.search(section.title):
            self._left(section, around, "Tocsin brings an outline of its own; for yours: docs/postmortems.md")
        elif text is None:
            why = "it's no text for an audience; words for audiences are templates: docs/templates.md"
            self._left(section, around, why)
        elif reader is None:
            self._left(section, around, "it doesn't say which audience reads it; as a template: docs/templates.md")
        elif moment in self._draft.templates.setdefault(reader, {}):
            self._left(section, around, f"another text is the template {reader} already")
        else:
            self._draft.templates[reader][moment] = text
            words = f"the template {reader}, {moment}; --templates DIR writes it"
            self._note(section, section.line, Found("audiences", words))

    def _done(self, procedure: tuple[Section, int, Found] | None) -> None:
        if procedure:
            self._note(*procedure)

    def _note(self, section: Section, line: int, found: Found) -> None:
        self._notes.append(Note(self._file, line, one_line(section.title), found.words, place=found.key))

    def _unread(self, section: Section, place: str) -> None:
        """Note the entries of a list or table that weren't understood."""
        for line, text, why in self._draft.unread:
            self._notes.append(Note(self._file, line, one_line(section.title), None, why, text, place))
        self._draft.unread.clear()

    def _left(self, section: Section, around: Sequence[str], why: str) -> None:
        text = "\n".join(lines_of(section.blocks))
        place = subject_of((*around[1:][-2:], section.title if around else ""))
        self._notes.append(Note(self._file, section.line, one_line(section.title), None, why, text, place))


def _introduced(section: Section, block: Block) -> Section:
    """Treat a line such as “Daily tasks:” as a heading for what follows it."""
    is_line = isinstance(block, Paragraph) and "\n" not in block.text and block.text.rstrip(" *").endswith(":")
    return Section(plain(block.text), LABEL, block.line) if is_line and isinstance(block, Paragraph) else section


def _has_commands(blocks: Sequence[Block]) -> bool:
    return any(isinstance(one, Code) and one.language and command_in(one) for one in blocks)


def _is_done(blocks: Sequence[Block]) -> bool:
    """Is there a numbered list, so that it is something to do instead of a description?"""
    return any(isinstance(one, Listing) and one.is_numbered for one in blocks)


def _code_in(blocks: Sequence[Block]) -> Iterator[Code]:
    for block in blocks:
        if isinstance(block, Code):
            yield block
        elif isinstance(block, Listing):
            for item in block.items:
                yield from _code_in(item.within)
