"""Exports incidents as files, for archives and other programs; works while Slack is down."""

import json
from pathlib import Path

import click

from bot.cli.carrying import carry_out
from bot.cli.deeds import incident_called, readable, services_at_hand
from bot.domain.errors import Refused
from bot.doors.incident_whole import whole
from bot.services import Services
from bot.services.records.gathering import IncidentRecord
from bot.services.rooms.room_files import MENTION

KINDS = ("md", "json", "csv")
EVERY = 1_000_000
OWNER_ONLY = 0o600


@click.command()
@click.argument("ref", required=False)
@click.option("--format", "kind", type=click.Choice(KINDS), default="md", show_default=True)
@click.option("--all", "every", is_flag=True, help="Every incident, a file each, into the folder given by --to.")
@click.option("--private", is_flag=True, help="With --all: private ones too.")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="With --all: where to.  [default: export]"
)
def export(ref: str | None, kind: str, every: bool, private: bool, folder: Path | None) -> None:
    """Print an incident whole, as Markdown, JSON or CSV.

    REF is an incident such as INC-12. With it go milestones, timeline, pages, updates, tasks, post-mortem.

    With --all: every incident, a file each, without the private ones; how many were left out is said. --private writes
    them too: then show the folder to nobody else.
    """
    if every == (ref is not None):
        raise click.UsageError("Say which incident, for example: tocsin export INC-12, or --all for every one.")
    if not every and (private or folder is not None):
        raise click.UsageError("One incident is printed: put it into a file with >. --to and --private go with --all.")
    carry_out(_all(kind, folder or Path("export"), private=private) if ref is None else _one(readable(ref), kind))


async def _one(ref: str, kind: str) -> None:
    async with services_at_hand() as services:
        incident = await incident_called(services, ref)
        click.echo(_written(services, await services.records.of(incident.id), kind), nl=False)


async def _all(kind: str, folder: Path, *, private: bool) -> None:
    async with services_at_hand() as services:
        known = await services.incidents.newest(open_only=False, limit=EVERY)
        found = [incident for incident in known if not incident.is_test_page]
        written = [incident for incident in found if private or not incident.private]
        for incident in reversed(written):
            text = _written(services, await services.records.of(incident.id), kind)
            _keep(folder, f"{incident.ref.lower()}.{kind}", text, private=incident.private)
        left_out = len(found) - len(written)
        aside = f"; {left_out} private left out (--private writes them too)" if left_out else ""
        click.echo(f"{len(written)} incident{'' if len(written) == 1 else 's'} written to {folder}{aside}")


def _keep(folder: Path, name: str, text: str, *, private: bool) -> None:
    """Write the file, replacing an earlier one; a private incident's is readable only by its owner."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if private:
            (folder / name).touch(OWNER_ONLY)
            (folder / name).chmod(OWNER_ONLY)
        (folder / name).write_text(text, "utf-8")
    except OSError as error:
        raise Refused(f"{error.filename or folder} cannot be written: {error.strerror}.") from error


def _written(services: Services, record: IncidentRecord, kind: str) -> str:
    if kind == "json":
        return json.dumps(whole(record), indent=2, ensure_ascii=False) + "\n"
    documents = services.documents
    # Slack isn't asked here, so people who aren't in the runbook are shown by their id.
    return documents.table(record) if kind == "csv" else MENTION.sub(r"\1", documents.markdown(record))
