"""The pages in docs/alerts: their example commands work, and every source has a page."""

import re
from pathlib import Path

import pytest

from bot.sources import on_the_shelf
from tests.at_hand import ROOT

SHELF = on_the_shelf()
FOLDER = ROOT / "docs" / "alerts"
PAGES = sorted(FOLDER.glob("*.md"))
# A page's `curl` with its body, which may contain the token in its own quotes.
TRIED = re.compile(r"""/alerts/([a-z]+)[^']*?-d '(\{.*?\})'\n```""", re.DOTALL)
TRIES = [(page, *found) for page in PAGES for found in TRIED.findall(page.read_text())]


def test_the_pages_with_an_example_command_are_found() -> None:
    assert {"sns", "datadog", "uptimerobot"} <= {source for _, source, _ in TRIES}


@pytest.mark.parametrize(
    ("page", "source", "body"), TRIES, ids=lambda part: part.stem if isinstance(part, Path) else ""
)
def test_each_pages_example_is_an_alert(page: Path, source: str, body: str) -> None:
    reading = SHELF[source].parse(body.replace("'\"$ALERTS_TOKEN\"'", "a-token").encode(), {})
    assert [alert.firing for alert in reading.alerts] == [True]
    assert not reading.odd


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_on_a_page_has_a_target(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "README"], ids=lambda page: page.stem)
def test_every_page_is_listed(page: Path) -> None:
    assert f"({page.name})" in (FOLDER / "README.md").read_text()


@pytest.mark.parametrize("source", sorted(set(SHELF) - {"generic"}))
def test_every_source_has_a_page(source: str) -> None:
    assert any(f"/alerts/{source}" in page.read_text() for page in PAGES)
