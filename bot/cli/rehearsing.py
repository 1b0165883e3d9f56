"""`tocsin rehearse`: plays scripted incidents."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from bot import logs
from bot.cli.carrying import carry_out
from bot.cli.refusals import CannotBegin
from bot.domain.errors import Refused
from bot.rehearsal import Hall, Rehearsal, as_junit, as_replay, as_text
from bot.runbook import Runbook
from bot.runbook import load as load_runbook
from bot.runbook.mistakes import advised
from bot.scenarios import Replay, Script, load_past, replay_of
from bot.scenarios import load as load_script
from bot.shipped import shipped_runbook, shipped_scenarios

OWN_RUNBOOK = Path("runbook.yml")


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--runbook", type=click.Path(path_type=Path), help="Play by this runbook, whatever the file says.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Also write the verdicts as JUnit XML.")
@click.option(
    "--replay",
    "pasts",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="EXPORT",
    help="Play a past incident again, from its JSON export, and compare who is paged.",
)
@click.option("--list", "listed", is_flag=True, help="Show the scenarios that come with Tocsin.")
def rehearse(
    files: tuple[str, ...], runbook: Path | None, junit: Path | None, pasts: tuple[Path, ...], listed: bool
) -> None:
    """Play scripted incidents in simulated time.

    It says what became of each expectation.

    The whole bot takes part; Slack, mail and telephones are simulated, and nothing leaves this machine. FILE is a path
    or the name of a shipped scenario. Exit code 1: an expectation failed, or somebody could not do what the script
    says. 2: a file cannot be used.
    """
    logs.configure(level="ERROR")
    if listed:
        for name, path in shipped_scenarios().items():
            click.echo(f"{name}: {load_script(path).scenario.title}")
        return
    if not files and not pasts:
        raise click.UsageError("Say which scenario: a file, or one of those that --list shows.")
    plays = [_ready(name, runbook) for name in files]
    replays = [_ready_again(path, runbook) for path in pasts]
    if junit:
        # Check that it can be written before anything is played.
        _write(junit, as_junit([]))
    rehearsals = carry_out(_played(plays, replays))
    if junit:
        _write(junit, as_junit(rehearsals))
    if not all(one.succeeded for one in rehearsals):
        raise click.exceptions.Exit(1)


def _ready(name: str, runbook: Path | None) -> tuple[Script, Runbook]:
    """Read everything before anything is played. Raises CannotBegin with every mistake."""
    try:
        path = _path_of(name)
        script = load_script(path)
        own = runbook or _runbook_of(script, path)
        book = load_runbook(own, os.environ)
        script.must_fit(book)
    except Refused as error:
        raise CannotBegin(str(error)) from error
    return script, book


def _path_of(name: str) -> Path:
    """Raises Refused for a name that looks like a shipped scenario's but isn't one."""
    shipped, path = shipped_scenarios(), Path(name)
    if name not in shipped and not path.suffix and not path.exists():
        raise Refused(f"There is no scenario and no file “{name}”. {advised(name, shipped)}")
    return shipped.get(name, path)


def _ready_again(path: Path, runbook: Path | None) -> tuple[Replay, Runbook]:
    """Raises CannotBegin."""
    try:
        book = load_runbook(runbook or _own_runbook(), os.environ)
        return replay_of(load_past(path), book), book
    except Refused as error:
        raise CannotBegin(str(error)) from error


def _runbook_of(script: Script, path: Path) -> Path:
    """A shipped runbook by name, otherwise a path relative to the scenario; by default the one in this folder."""
    said = script.scenario.runbook
    if said is None:
        return _own_runbook()
    return shipped_runbook(said) or path.parent / said


def _own_runbook() -> Path:
    return Path(os.environ.get("TOCSIN_RUNBOOK", OWN_RUNBOOK))


async def _played(
    plays: Sequence[tuple[Script, Runbook]], replays: Sequence[tuple[Replay, Runbook]]
) -> list[Rehearsal]:
    """The results of the plays. A replay has no expectations and so can't fail."""
    rehearsals = []
    async with Hall.opened() as hall:
        for script, runbook in plays:
            rehearsals.append(await hall.play(script, runbook))
            click.echo(as_text(rehearsals[-1]) + "\n")
        for replay, runbook in replays:
            click.echo(as_replay(replay, await hall.play(replay.script, runbook)) + "\n")
    return rehearsals


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise CannotBegin(f"{path} cannot be written: {error.strerror}.") from error
