"""The documentation names what the code has, and nothing that it doesn't have."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from bot.cli.shelf import COMMANDS
from bot.runbook import Runbook, read
from bot.settings import Settings
from bot.settings.environment import SECRETS
from bot.shipped import shipped_runbooks
from commands.desk.desk import books

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
RUNBOOK_PAGE = (ROOT / "docs" / "runbook.md").read_text()


def parts_of(part: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Every model that a runbook consists of."""
    if part not in seen:
        seen.add(part)
        for field in part.model_fields.values():
            for inner in _models_in(field.annotation):
                parts_of(inner, seen)
    return seen


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is Annotated or get_origin(annotation) in (Union, UnionType) or get_args(annotation):
        for inner in get_args(annotation):
            yield from _models_in(inner)


def keys_of(part: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in part.model_fields.items()} - {"key"}


PARTS = sorted(parts_of(Runbook, set()), key=lambda part: part.__name__)
EVERY_KEY = set().union(*(keys_of(part) for part in PARTS))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_the_runbook_page_has_every_key(part: type[BaseModel]) -> None:
    missing = {key for key in keys_of(part) if not re.search(rf"`{key}[`:]", RUNBOOK_PAGE)}

    assert missing == set()


def test_the_runbook_page_has_no_key_that_does_not_exist() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \|", RUNBOOK_PAGE, re.MULTILINE)

    assert set(rows) - EVERY_KEY == set()


def test_the_pages_smallest_runbook_is_valid() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", RUNBOOK_PAGE, re.DOTALL)

    assert read(example, {}).severity("P1").escalation.steps[0].page == "oncall"


def test_the_configuration_page_has_every_variable_and_no_other() -> None:
    variables = {(field.alias or name).upper() for name, field in Settings.model_fields.items()}
    table = set(re.findall(r"^\| `([A-Z0-9_]+)`(?: †)? \|", CONFIGURATION, re.MULTILINE))

    assert variables - table == set()
    assert table - variables == set()


def test_the_configuration_page_says_which_variables_may_come_from_a_file() -> None:
    marked = set(re.findall(r"^\| `([A-Z0-9_]+)` † \|", CONFIGURATION, re.MULTILINE))

    assert marked == SECRETS


def test_the_readme_has_every_command() -> None:
    missing = [name for name in COMMANDS if f"tocsin {name}" not in README]

    assert missing == []


SECTIONS = re.findall(
    r"^\*\*([\w-]+)\*\*[^|]*?\n\n((?:\|.*\n)+)", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE
)


def test_the_runbooks_page_has_every_shipped_runbook_written_from_a_document() -> None:
    assert {kind for kind, _ in SECTIONS} == shipped_runbooks().keys() - {"starter"}


@pytest.mark.parametrize(("kind", "table"), SECTIONS)
def test_each_documents_section_has_a_key_in_the_shipped_runbook_and_a_command_that_shows_it(
    kind: str, table: str
) -> None:
    runbook = YAML(typ="safe", pure=True).load(shipped_runbooks()[kind].read_text())
    commands = {f"/{book.name} {word}" for book in books() for verb in book.verbs for word in verb.words}
    commands |= {f"/escalate {tier}" for tier in runbook["tiers"]} | {f"/{book.name}" for book in books()}
    wrong = []
    for section, keys, shown in [[cell.strip() for cell in row.split("|")[1:4]] for row in table.splitlines()[2:]]:
        named = re.findall(r"`([^`]+)`", keys)
        wrong += [key for key in named if not key.startswith("/") and not _holds(runbook, key)]
        typed = [word for word in [*re.findall(r"`([^`]+)`", shown), *named] if word.startswith("/")]
        wrong += [word for word in typed if " ".join(word.split()[:2]) not in commands]
        if not named and not re.match(r"no(?: key)?:", keys):
            wrong.append(section)
    assert wrong == []


def _holds(runbook: Any, written: str) -> bool:
    """Is there such a key: at this path, or, for a single key, anywhere?"""
    path = written.partition(":")[0].split(".")
    return _leads(runbook, path) if len(path) > 1 or path[0] in runbook else path[0] in _keys(runbook)


def _leads(part: Any, path: list[str]) -> bool:
    """Does the path lead anywhere? Lists are searched; `*` matches any key."""
    if not path:
        return True
    if isinstance(part, list):
        return any(_leads(one, path) for one in part)
    if not isinstance(part, dict):
        return False
    inner = part.values() if path[0] == "*" else [part[path[0]]] if path[0] in part else []
    return any(_leads(one, path[1:]) for one in inner)


def _keys(part: Any) -> set[str]:
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return set(part if isinstance(part, dict) else ()).union(*(_keys(one) for one in inner))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_has_a_target(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text())

    # The screenshot is taken last, when the page is finished.
    assert [link for link in links if link != "docs/screenshot.png" and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_folder_a_page_names_exists(page: Path) -> None:
    """Floors and rooms may be named relative to `bot/`, stories by their file name alone."""
    words = page.read_text()
    named = re.findall(r"`((?!\.)(?:[\w.-]+/)+(?:[\w.-]+\.(?:py|sql|j2|md|yml))?|test_\w+)`", words)
    for drawing in re.findall(r"^```\n(.*?)^```", words, re.DOTALL | re.MULTILINE):
        named += re.findall(r"(?<![\w./-])(?:[\w-]+/)+[\w-]+\.py\b", drawing)

    assert [path for path in named if not any(_is_there(path))] == []


def _is_there(path: str) -> Iterator[bool]:
    yield from ((base / path).exists() for base in (ROOT, ROOT / "bot", ROOT / "bot" / "services"))
    yield path.startswith("test_") and next((ROOT / "tests").rglob(f"{path}.py"), None) is not None
