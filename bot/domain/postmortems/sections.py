"""The sections people write in a post-mortem, and merging of concurrent edits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.text import plain

# With their headings; the form's hints say what each asks for.
SECTIONS: Mapping[str, str] = {
    "summary": "Summary",
    "impact": "Impact",
    "root_cause": "Root cause",
    "factors": "Contributing factors",
    "surprise": "Why were we surprised?",
    "went_well": "What went well?",
    "went_wrong": "What went wrong?",
    "lessons": "Lessons learned",
}
SECTION_LENGTH = 3000
Written = Mapping[str, str]


@dataclass(frozen=True)
class Merged:
    """`sections`: the merged text. `conflicts`: sections changed by both, where this person's text was kept."""

    sections: Written
    conflicts: Sequence[str]


def cleaned(values: Mapping[str, str]) -> dict[str, str]:
    """The sections for storage: known ones only, trimmed."""
    return {name: plain(values.get(name, "")).strip()[:SECTION_LENGTH] for name in SECTIONS}


def merged(base: Written, theirs: Written, mine: Written) -> Merged:
    """Three-way merge: `base` is what this person started from, `theirs` what is stored now."""
    sections, conflicts = {}, []
    for name in SECTIONS:
        was, now, new = base.get(name, ""), theirs.get(name, ""), mine.get(name, "")
        if new not in (was, now) and now != was:
            conflicts.append(name)
        sections[name] = now if new == was else new
    return Merged(sections, conflicts)


def unwritten(sections: Written) -> list[str]:
    """Headings of empty sections."""
    return [heading for name, heading in SECTIONS.items() if not sections.get(name, "").strip()]
