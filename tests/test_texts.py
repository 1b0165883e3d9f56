"""No text that people read contains a phrase that docs/style.md rules out (except style.md, which quotes them)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RULED_OUT = re.compile(
    r"\b(mend(ed)?|told(?! apart)|by (itself|themselves)|held up|looked at|whoever|it stands in|from us again|anew)\b",
    re.I,
)
# Jinja tags, SQL and code spans aren't read as prose.
NO_PROSE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|`[^`\n]*`", re.S)


def templates() -> list[Path]:
    return [*ROOT.glob("templates/**/*.j2"), *ROOT.glob("templates/runbooks/*.yml")]


def documents() -> list[Path]:
    return [ROOT / "README.md", *(one for one in ROOT.glob("docs/*.md") if one.name != "style.md")]


def modules() -> list[Path]:
    return [*ROOT.glob("bot/**/*.py"), *ROOT.glob("commands/**/*.py")]


@pytest.mark.parametrize("path", [*templates(), *documents()], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_runbook_or_document_has_a_ruled_out_phrase(path: Path) -> None:
    assert [found[0] for found in RULED_OUT.finditer(NO_PROSE.sub("", path.read_text()))] == []


def test_no_sentence_in_the_code_has_a_ruled_out_phrase() -> None:
    said = [(path.relative_to(ROOT), text) for path in modules() for text in sentences(ast.parse(path.read_text()))]
    assert [(str(path), text) for path, text in said if RULED_OUT.search(text)] == []


def sentences(tree: ast.Module) -> Iterator[str]:
    """String literals of more than two words that aren't docstrings: refusals, help, findings, log lines."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docstrings else None
        if isinstance(text, str) and len(text.split()) > 2:
            yield text
