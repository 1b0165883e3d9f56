"""The shelf of commands: each command imports what it needs and nothing more."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from bot.cli.shelf import COMMANDS, load_all
from tests.at_hand import ROOT

# Slow imports that no command needs which only looks at a file.
HEAVY = {"aiohttp", "slack_sdk", "slack_bolt", "psycopg", "boto3", "pymongo", "jinja2", "apscheduler", "bot.services"}
READ = f"""
import sys
from bot.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    print(*({HEAVY | {"pydantic"}!r} & set(sys.modules)), file=sys.stderr)
"""


def read_for(*words: str, at: Path) -> set[str]:
    """The slow modules that a command has imported, observed in a process of its own."""
    environ = {"PYTHONPATH": str(ROOT), "TOCSIN_HOME": str(at)}
    ended = subprocess.run([sys.executable, "-c", READ, *words], cwd=at, env=environ, capture_output=True, text=True)
    return set(ended.stderr.split())


def test_each_commands_summary_is_the_beginning_of_its_help() -> None:
    for name, command in load_all().items():
        assert isinstance(command, click.Command)
        assert command.name == name
        own = (command.help or "").replace("\n", " ")
        assert own.startswith(COMMANDS[name].help.rstrip(".")), name


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("init",)])
def test_commands_without_a_runbook_import_nothing_of_the_bot(words: tuple[str, ...], tmp_path: Path) -> None:
    assert read_for(*words, at=tmp_path) == set()


@pytest.mark.parametrize("words", [("check",), ("manifest",)])
def test_commands_with_a_runbook_import_that_and_no_more(words: tuple[str, ...], tmp_path: Path) -> None:
    read_for("init", at=tmp_path)

    assert read_for(*words, at=tmp_path) == {"pydantic"}


def test_drafting_a_runbook_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("1. Look\n")

    assert HEAVY & read_for("import", "a.md", at=tmp_path) == set()


def test_the_real_bot_imports_neither_the_sandbox_nor_unused_backup_storage(tmp_path: Path) -> None:
    read = (
        "import sys\nfrom bot.cli.shelf import COMMANDS\nfrom bot.dumpers import dumpers, places\n"
        "from bot.settings import Settings\nCOMMANDS['run'].load_at_start()\ndumpers()\n"
        "assert 's3' in places(Settings.from_environment({}))\nprint(*sys.modules)"
    )
    environ = {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", read], cwd=tmp_path, env=environ, capture_output=True, text=True)

    names = ended.stdout.split()
    assert "bot.app" in names, ended.stderr
    assert not [name for name in names if name.startswith(("bot.sandbox", "boto"))]
