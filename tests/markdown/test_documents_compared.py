"""Documents in the shapes that teams write, imported and held against the shipped runbook of their kind, name by name.

What is missing is listed in documents/compared.yml, and so is what a draft has besides.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.markdown.drafts import Draft, draft_of, written
from bot.runbook import read
from bot.shipped import shipped_runbooks
from tests.markdown.named import missing, names_in

FOLDER = Path(__file__).parent / "documents"
# By the shipped runbook of their kind.
DOCUMENTS: Mapping[str, tuple[str, ...]] = {
    "tutoring": ("emergencies.md", "infrastructure.md"),
    "web-application": ("operations.md",),
    "marketplace": ("response.md",),
    "kubernetes": ("incidents.md",),
}


def drafted(kind: str) -> Draft:
    return draft_of([(name, (FOLDER / name).read_text()) for name in DOCUMENTS[kind]])


def listed(kind: str) -> Any:
    return YAML(typ="safe", pure=True).load(FOLDER / "compared.yml")[kind]


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_differences_between_draft_and_shipped_runbook_are_listed_by_name(kind: str) -> None:
    draft = drafted(kind)
    imported = names_in(read(written(draft), {}))
    imported["templates"] |= set(draft.templates)
    shipped = names_in(read(shipped_runbooks()[kind].read_text("utf-8"), {}))
    wanted = listed(kind)
    assert missing(shipped, imported) == {what: set(names) for what, names in wanted["missing"].items()}
    assert missing(imported, shipped) == {what: set(names) for what, names in wanted["besides"].items()}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_line_of_a_document_is_verbatim_in_its_draft_or_listed_with_what_became_of_it(
    kind: str,
) -> None:
    assert lost(kind) == list(listed(kind)["became a value"])


def lost(kind: str) -> list[str]:
    """Lines with a word that is in no value or comment of the draft. Headings are excluded as names of parts."""
    draft = drafted(kind)
    text = written(draft)
    comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    known = words_of(" ".join([*comments, *texts_in(YAML(typ="safe", pure=True).load(text)), str(draft.templates)]))
    return [line.strip() for name in DOCUMENTS[kind] for line in lines_of(FOLDER / name) if words_of(line) - known]


def lines_of(document: Path) -> Iterator[str]:
    """The document's lines, without headings, table headers and fences."""
    is_code = False
    for line, below in pairwise([*document.read_text().splitlines(), ""]):
        is_fence = line.strip().startswith("```")
        is_code ^= is_fence
        if not (is_fence or below.startswith("|--") or (line.startswith("#") and not is_code)):
            yield line


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (str(key), *texts_in(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    else:
        yield str(value)


def words_of(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3}
