"""`tocsin check`: validates the runbook file."""

import importlib
import os
from pathlib import Path
from typing import Any

import click

from bot.cli.bootstrap import read_settings
from bot.clock import Clock
from bot.runbook import Runbook, RunbookMistakes, load, report
from bot.runbook.cautions import cautions
from bot.shipped import templates_folder

WRITTEN_TO = Path("runbook.yml")


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--simulate", is_flag=True, help="Also show who would be paged now; gaps of the runbook make it fail.")
@click.option(
    "--alert", "sample", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="Also show what becomes of a sample alert, such as a body that was posted.",
)  # fmt: skip
@click.option(
    "--render", "letters", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Also write every text for audiences, with sample facts, as files to be read.",
)  # fmt: skip
@click.option("--source", metavar="NAME", help="Which source sends the sample: grafana, generic, ...")
def check(path: Path | None, simulate: bool, sample: Path | None, source: str | None, letters: Path | None) -> None:
    """Say everything that is wrong in a runbook, with its line.

    --simulate adds who would be paged now for each severity, by the rotations, and the gaps. A gap of the runbook, a
    tier that nobody is in or a person without the contact that a way needs, makes it fail as a mistake does. What is
    only missing here, such as credentials, is told and does not: so it can run in CI, where no Slack token is set and
    the ladders are shown as if every way were set up.
    """
    if (sample is None) != (source is None):
        raise click.UsageError("--alert and --source go together: --alert sample.json --source grafana")
    settings = read_settings(log_level="WARNING")
    file = path or settings.runbook
    try:
        runbook = load(file, os.environ)
    except RunbookMistakes as wrong:
        click.echo(report.of_mistakes(wrong))
        raise click.exceptions.Exit(1) from wrong
    if letters or _has_own_words(runbook):
        _at_start("words_checking").check(runbook, letters)
    click.echo(report.of_runbook(runbook, str(file)))
    own = settings.database_url
    today = Clock().now().astimezone(runbook.timezone).date()
    for caution in cautions(runbook, own.get_secret_value() if own else None, today=today):
        click.echo(f"caution: {caution}")
    if sample and source:
        _at_start("alert_checking").tell(runbook, settings, sample, source)
    if simulate:
        _at_start("simulating").tell(runbook, settings)


def _has_own_words(runbook: Runbook) -> bool:
    shipped = templates_folder() / "email"
    named = (audience.template for audience in runbook.audiences.values())
    return runbook.templates is not None or not all((shipped / f"{name}.j2").is_file() for name in named)


def _at_start(module: str) -> Any:
    """Imported only on demand: it needs the pagers, which take several times as long to load as the rest."""
    return importlib.import_module(f"bot.cli.{module}")
