"""Decides where unread parts go in a draft: by subject, otherwise after what precedes them in their document."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.markdown.drafts.draft import Note

TOP = "organisation"


class Found(NamedTuple):
    """`key`: of the runbook it was read into; `words`: its name in the report."""

    key: str
    words: str


# The first match wins.
_SUBJECTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (key, re.compile(words, re.IGNORECASE))
    for key, words in (
        ("postmortem", r"post-?mortem|retrospective"),
        ("tiers", r"escalat"),
        ("objectives", r"\brto\b|\brpo\b|recovery (?:time|point)"),
        ("severities", r"severit|classification"),
        ("backups", r"back-?up|retention"),
        ("audiences", r"template|announcement|status page"),
        ("alerts", r"\balert"),
        ("health", r"\bhealth|monitor|metric|threshold|performance|budget"),
        ("channels", r"\bchannels?\b"),
        ("people", r"contact|response team"),
        ("providers", r"provider|supplier|vendor"),
        ("checklists", r"check ?list"),
        ("maintenance", r"maintenance|upkeep"),
    )
)


def subject_of(titles: Sequence[str]) -> str:
    """The key that the innermost matching heading is about; '' if none matches."""
    for title in reversed(titles):
        for key, sign in _SUBJECTS:
            if sign.search(title):
                return key
    return ""


def placed(notes: Sequence[Note]) -> list[Note]:
    """One document's notes in order; a note without a place gets that of the last one understood before it."""
    done: list[Note] = []
    last = TOP
    for note in notes:
        if note.understood:
            last = note.place
        done.append(note if note.place else replace(note, place=last))
    return done
