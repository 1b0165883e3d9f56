"""The commands about the runbook file: is it right, and one to start from."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from bot.cli.bootstrap import STARTER, read_settings, shipped_runbooks
from bot.clock import Clock
from bot.domain.errors import NotFound, Refused
from bot.pagers import ways
from bot.rendering import Rendering
from bot.runbook import Runbook, RunbookMistakes, load, report
from bot.runbook.cautions import cautions
from bot.services.paging.gaps import Gap, gaps, ready_ways
from bot.services.paging.simulations import Reach, simulate_by_rotation
from bot.settings import Settings

WRITTEN_TO = Path("runbook.yml")


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--simulate", is_flag=True, help="Also show who would be paged now; gaps of the runbook make it fail.")
def check(path: Path | None, simulate: bool) -> None:
    """Say everything that is wrong in a runbook, with its line.

    --simulate adds who would be paged now for each severity, by the rotations, and the gaps. A gap of the runbook, a
    tier that nobody is in or a person without the contact that a way needs, makes it fail as a mistake does. What is
    only missing here, such as credentials, is told and does not: so it can run in CI, where no Slack token is set and
    the ladders are shown as if every way were set up.
    """
    settings = read_settings(log_level="WARNING")
    file = path or settings.runbook
    try:
        runbook = load(file, os.environ)
    except RunbookMistakes as wrong:
        click.echo(report.of_mistakes(wrong))
        raise click.exceptions.Exit(1) from wrong
    click.echo(report.of_runbook(runbook, str(file)))
    own = settings.database_url
    for caution in cautions(runbook, own.get_secret_value() if own else None):
        click.echo(f"caution: {caution}")
    if simulate:
        _tell_ladders(runbook, settings)
        _tell_gaps(gaps(runbook, ready_ways(settings), own_number=settings.twilio_from))


@click.command()
@click.argument("name", default=STARTER)
def init(name: str) -> None:
    """Write a runbook to start from to ./runbook.yml. Never overwrites.

    NAME is one of the shipped ones; without it, a short one with comments.
    """
    shipped = shipped_runbooks()
    if name not in shipped:
        raise NotFound(f"There is no runbook called “{name}” to start from. There is: {', '.join(shipped)}.")
    try:
        with WRITTEN_TO.open("x", encoding="utf-8") as file:
            file.write(shipped[name].read_text("utf-8"))
    except FileExistsError as error:
        raise Refused(f"{WRITTEN_TO} is there already and was left as it is. Move it away to start anew.") from error
    except OSError as error:
        raise Refused(f"{WRITTEN_TO} cannot be written here: {error.strerror}.") from error
    click.echo(f"{WRITTEN_TO} is written. Put your people in, then: tocsin check")


def _tell_ladders(runbook: Runbook, settings: Settings) -> None:
    rendering = Rendering(runbook.timezone)
    begins, ready = Clock().now(), ready_ways(settings)
    if settings.slack_bot_token is None:
        # No bot runs by these settings: with what it has where it runs, its ladders have their waits.
        ready = frozenset(ways())
        click.echo("SLACK_BOT_TOKEN is not set here, so every way to page is taken as set up:")
    for severity in runbook.severities:
        found = simulate_by_rotation(runbook, severity, begins, Reach(ready, settings.twilio_from))
        facts = {"severity": severity, "begins": begins, "simulation": found, "runbook": runbook}
        click.echo(rendering.say("documents/simulation", **facts))


def _tell_gaps(found: Sequence[Gap]) -> None:
    """Ends the command when the runbook has some of its own."""
    own, missing_here = [gap for gap in found if gap.is_of_runbook], [gap for gap in found if not gap.is_of_runbook]
    if own:
        click.echo(f"{len(own)} gap{'' if len(own) == 1 else 's'} of the runbook in who would be paged:")
    else:
        click.echo("Everybody who should be paged can be" + (", once this is set up:" if missing_here else "."))
    for gap in own:
        click.echo(f"  {said(gap)}")
    if own and missing_here:
        click.echo("And only missing here:")
    for gap in missing_here:
        click.echo(f"  {said(gap)}")
    if own:
        raise click.exceptions.Exit(1)


def said(gap: Gap) -> str:
    """One gap in a line, the tier first, and what would close it."""
    tier = f"tier {gap.tier.key} ({gap.tier.name})"
    if gap.kind == "nobody":
        return f"{tier}: nobody is in it, so it is passed over; add somebody to its `who`"
    if gap.kind == "not set up":
        return f"{tier}: no page by {gap.via}; that needs {gap.needs}"
    assert gap.person is not None
    if gap.kind == "own number":
        return (
            f"{tier}: {gap.person.name} cannot be paged by {gap.via}, for {gap.person.phone} is TWILIO_FROM; "
            f"write their own number as people.{gap.person.key}.phone"
        )
    return f"{tier}: {gap.person.name} cannot be paged by {gap.via}; add {gap.needs} under people.{gap.person.key}"
