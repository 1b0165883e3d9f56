"""Lists the dumps in a folder or bucket by their manifests alone, for the hour when the bot's own host has burned."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from zoneinfo import ZoneInfo

import click

from bot.cli.bootstrap import read_runbook, read_settings
from bot.cli.carrying import carry_out
from bot.cli.refusals import CannotBegin
from bot.domain.backups.backup import Damaged, Gone
from bot.domain.errors import Failed, Refused
from bot.dumpers import BackupPlace, Dumper, KeptDump, dumpers, kind_of_place, places, program_folders
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.backups.manifests import Beside, Described, read_beside
from bot.services.backups.proofs import prove_readable, prove_written
from bot.services.wiring.recovery import backups_folder
from bot.settings import Settings
from bot.store.embedded.place import binaries

QUIET = "CRITICAL"


@dataclass(frozen=True)
class ListedDump:
    """A dump and its manifest. `verdict`: in words, '' if it wasn't verified."""

    kept: KeptDump
    beside: Beside
    verdict: str = ""
    is_damaged: bool = False

    @property
    def facts(self) -> Described | None:
        return self.beside.facts

    @property
    def stranger(self) -> str:
        """The file name in the manifest, if it's another one; '' otherwise. Both files may have been renamed
        together."""
        return self.facts.file if self.facts and self.facts.file != self.kept.file else ""

    @property
    def is_offered(self) -> bool:
        """Can it be offered for a restore by hand?"""
        return self.facts is not None and not self.is_damaged and (not self.stranger or self.verdict == "valid")

    @property
    def typed(self) -> str:
        """The file name quoted for a shell, because anybody may have named it."""
        return quote(self.kept.file if not self.kept.file.startswith("-") else f"./{self.kept.file}")


@click.command()
@click.argument("place", required=False)
@click.option("--verify", is_flag=True, help="Read every dump back, and hold it against its manifest.")
def backups(place: str | None, verify: bool) -> None:
    """List the dumps of a folder or bucket from their manifests: without database, without Slack.

    PLACE is a folder or s3://bucket/prefix; without it, every place of the runbook. Exit 1 when one is damaged.
    """
    damaged = carry_out(_tell(place, verify))
    raise click.exceptions.Exit(1 if damaged else 0)


async def _tell(place: str | None, verify: bool) -> int:
    """How many are damaged."""
    settings = read_settings(log_level=QUIET)
    runbook = _runbook(settings, needed=place is None)
    rendering = Rendering(runbook.timezone if runbook else ZoneInfo("UTC"))
    damaged = 0
    for where in [_whole(place)] if place else _places_of(settings, runbook):
        seen = await _seen(settings, where, verify)
        facts = {"place": where, "seen": seen, "is_bucket": kind_of_place(where) != "local"}
        click.echo(rendering.say("documents/shell_backups", **facts))
        damaged += sum(one.is_damaged for one in seen)
    return damaged


def _runbook(settings: Settings, *, needed: bool) -> Runbook | None:
    """The runbook, which may be lost too; None if it can't be read. If it's `needed`, that is printed."""
    try:
        return read_runbook(settings, log_level=QUIET)
    except CannotBegin as error:
        if needed:
            first = str(error).partition("\n")[0]
            click.echo(f"{first}\nSo only {backups_folder(settings)} is looked through: name another PLACE.", err=True)
        return None


def _places_of(settings: Settings, runbook: Runbook | None) -> list[str]:
    own = str(backups_folder(settings))
    entries = runbook.backups.values() if runbook else []
    return list(dict.fromkeys(entry.to or own for entry in entries)) or [own]


def _whole(place: str) -> str:
    return place.rstrip("/") if kind_of_place(place) != "local" else str(Path(place).absolute())


async def _seen(settings: Settings, where: str, verify: bool) -> Sequence[ListedDump]:
    """Newest first; dumps without a manifest last."""
    known, kinds = places(settings), dumpers()
    if kind_of_place(where) not in known:
        raise Refused(f"{where} is no place for backups: say a folder, or s3://bucket/prefix.")
    at = known[kind_of_place(where)]
    try:
        found = await at.kept(where, [dumper.SUFFIX for dumper in kinds.values()])
    except Gone as error:
        raise Refused(f"{error}: say where the dumps are, as a folder or as s3://bucket/prefix.") from error
    seen = [ListedDump(one, await read_beside(at, where, one)) for one in sorted(found, key=lambda one: one.file)]
    dated = [one for one in seen if one.facts]
    dated.sort(key=lambda one: (one.facts.started_at if one.facts else None, one.kept.file), reverse=True)
    ordered = dated + [one for one in seen if not one.facts]
    return [await _proved(at, where, one, kinds) for one in ordered] if verify else ordered


async def _proved(at: BackupPlace, where: str, one: ListedDump, kinds: Mapping[str, Dumper]) -> ListedDump:
    if one.facts is None:
        return replace(one, verdict="cannot be verified", is_damaged=True)
    try:
        return replace(one, verdict=await _verdict(at, where, one.kept.file, one.facts, kinds))
    except Damaged as error:
        # Then the manifest may describe another dump, so we don't call this one damaged.
        verdict = "cannot be verified" if one.stranger else f"damaged: {error}"
        return replace(one, verdict=verdict, is_damaged=True)
    except Failed as error:
        return replace(one, verdict=f"could not be read back: {error}", is_damaged=True)


async def _verdict(at: BackupPlace, where: str, file: str, facts: Described, kinds: Mapping[str, Dumper]) -> str:
    """Raises Damaged or Failed."""
    tools = await asyncio.to_thread(lambda: program_folders(binaries()))
    await prove_written(at, where, file, size=facts.made.size, sha256=facts.made.sha256)
    if (dumper := kinds.get(facts.kind)) is None:
        return f"its checksum is right; nothing here reads a {facts.kind}"
    try:
        await prove_readable(at, where, file, facts.made.counts, dumper, tools)
    except Damaged:
        raise
    except Failed as error:
        return f"its checksum is right; it was not read through: {error}"
    return "valid"
