"""Applies a document's front matter to its procedure, if it has exactly one."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from bot.markdown.drafts.draft import Draft, Note
from bot.markdown.drafts.values import severity_in
from bot.markdown.front_matter import FrontMatter

WHAT = "front matter"
NO_KEY = "a runbook has no key for it"
SEVERAL = "it doesn't say which procedure of the document is meant"


def title_of(front: FrontMatter) -> str:
    title = front.values.get("title")
    return title.strip() if isinstance(title, str) else ""


def take(draft: Draft, file: str, front: FrontMatter, procedures: Sequence[str]) -> Iterator[Note]:
    """Apply it to the document's procedure. `procedures`: the keys of all its procedures."""
    place = f"procedures.{procedures[0]}" if procedures else ""
    if front.mistake:
        line, why = front.mistake
        yield Note(file, line, WHAT, None, why)
    for key, value in front.values.items():
        if key == "title":
            yield from _titled(draft, file, front, procedures)
            continue
        read = _read(key, value)
        if read and len(procedures) == 1:
            draft.procedures[procedures[0]].setdefault(key, read)
            yield Note(file, front.lines[key], WHAT, f"{key} of procedure {procedures[0]}", place=place)
        else:
            words = ", ".join(value) if isinstance(value, list) else str(value)
            yield Note(file, front.lines[key], WHAT, None, SEVERAL if read else NO_KEY, f"{key}: {words}", place)


def _titled(draft: Draft, file: str, front: FrontMatter, procedures: Sequence[str]) -> Iterator[Note]:
    """The title takes precedence over the heading, as in procedure files."""
    title, line = title_of(front), front.lines["title"]
    if title and len(procedures) == 1:
        draft.procedures[procedures[0]]["title"] = title[:150]
        yield Note(file, line, WHAT, f"title of procedure {procedures[0]}", place=f"procedures.{procedures[0]}")
    elif title and title == draft.title:
        yield Note(file, line, WHAT, "the document's title", place="organisation")
    elif title:
        yield Note(file, line, WHAT, None, SEVERAL if procedures else NO_KEY, f"title: {title}")


def _read(key: str, value: Any) -> Any:
    """In the runbook's form; None: invalid."""
    texts = [value] if isinstance(value, str) and value.strip() else list(_texts(value))
    if key == "severity" and texts:
        return severity_in(texts[0])
    if key == "alerts":
        return texts or None
    return _day(texts[0]) if key == "review_by" and texts else None


def _texts(value: object) -> Iterable[str]:
    return (one for one in value if isinstance(one, str) and one.strip()) if isinstance(value, list) else ()


def _day(text: str) -> str | None:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return None
