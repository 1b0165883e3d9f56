"""What people write into a post-mortem, and what becomes of it when two write at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.text import plain

# Each with its heading; what each asks for stands in the form's hints.
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
    """`sections`: what stands there now, with what was changed where nobody else changed the same. `conflicts`: where
    somebody did; there `sections` has what this person wrote."""

    sections: Written
    conflicts: Sequence[str]


def cleaned(values: Mapping[str, str]) -> dict[str, str]:
    """As they are kept: sections that are known, without blank space at either end."""
    return {name: plain(values.get(name, "")).strip()[:SECTION_LENGTH] for name in SECTIONS}


def merged(base: Written, theirs: Written, mine: Written) -> Merged:
    """`base` is what this person saw when they began, `theirs` what stands there by now."""
    sections, conflicts = {}, []
    for name in SECTIONS:
        was, now, new = base.get(name, ""), theirs.get(name, ""), mine.get(name, "")
        if new not in (was, now) and now != was:
            conflicts.append(name)
        sections[name] = now if new == was else new
    return Merged(sections, conflicts)


def unwritten(sections: Written) -> list[str]:
    """The headings under which nothing stands."""
    return [heading for name, heading in SECTIONS.items() if not sections.get(name, "").strip()]
