"""The shelf of publishers: every file on it is an outlet the runbook knows, found without being listed anywhere."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.publishers import PublisherParts, on_the_shelf, outlets
from bot.runbook import RunbookMistakes, read
from bot.settings import Settings
from tests.publishers.conftest import RUNBOOK

ROOT = Path(__file__).parents[2]


def test_a_publisher_has_its_own_name(parts: PublisherParts) -> None:
    assert {via: publisher.via for via, publisher in on_the_shelf(parts).items()} == {via: via for via in outlets()}


def test_slack_and_mail_are_on_the_shelf() -> None:
    assert {"slack", "email"} <= set(outlets())


def test_without_credentials_an_outlet_that_needs_them_is_unavailable(parts: PublisherParts) -> None:
    bare = Settings.from_environment({})
    ready = {via for via, facts in outlets().items() if facts.is_set_up(bare)}
    assert set(on_the_shelf(replace(parts, mail=None, settings=bare))) == ready


def test_an_audience_without_an_outlet_is_a_mistake_that_lists_all_outlets() -> None:
    with pytest.raises(RunbookMistakes) as mistakes:
        read(f"{RUNBOOK}audiences: {{nowhere: {{automatic: true}}}}\n", {})

    assert all(via in str(mistakes.value) for via in outlets())


PARROT = """
from bot.publishers import OutletFacts

OUTLET = OutletFacts("parrot", lambda audience: audience.email[:1], "PARROT_KEY", lambda settings: False)


def publisher(parts):
    return None
"""
ASKED = """
from bot.runbook import read
from bot.services.updates.audiences import addresses

audience = read(open("runbook.yml").read(), {}).audiences["birds"]
print(addresses(audience))
"""


def test_adding_a_file_adds_an_outlet(tmp_path: Path) -> None:
    for folder in ("bot", "templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "fonts"))
    (tmp_path / "bot/publishers/parrot.py").write_text(PARROT)
    (tmp_path / "bot/publishers/_cage.py").write_text("")
    (tmp_path / "runbook.yml").write_text(f"{RUNBOOK}audiences: {{birds: {{email: [a@example.com]}}}}\n")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    asked = [sys.executable, "-c", ASKED]
    found = subprocess.run(asked, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    assert "('parrot', 'a@example.com')" in found.stdout, found.stderr
