"""Dumps: making them, where they are kept, and whether they are still what was written."""

import asyncio
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bot.domain.backups.backup import Backup, Damaged, Gone
from bot.domain.errors import Failed, Refused, Rejected
from bot.dumpers import (
    BackupPlace,
    Content,
    DumpDraft,
    Dumper,
    Equipment,
    KeptDump,
    Tally,
    is_of_one_machine,
    kind_of_place,
    sum_of,
)
from bot.runbook import Runbook
from bot.services.backups.manifests import Beside, Described, described, manifest_of, read_beside
from bot.services.backups.proofs import prove_readable, prove_written
from bot.store.backups.backups import RunResult


class Dumps:
    """`home`: the place of backups without one in the runbook. `tools`: folders searched for programs in addition to
    PATH.

    `machine`: the host this process runs on.
    """

    def __init__(
        self,
        runbook: Runbook,
        dumpers: Mapping[str, Dumper],
        places: Mapping[str, BackupPlace],
        *,
        home: Path,
        tools: Sequence[Path] = (),
    ) -> None:
        self._wanted = runbook.backups
        self._dumpers = dumpers
        self._places = places
        self._home = home
        self._tools = tools
        self.machine = platform.node()

    # What can be backed up

    def unsupported(self, name: str) -> str:
        """Why this database cannot be backed up; '' = it can."""
        kind, place = self._wanted[name].kind, kind_of_place(self.place_of(name))
        if kind not in self._dumpers:
            return f"backups of {kind} are not supported yet"
        return "" if place in self._places else f"backups kept in {place} are not supported yet"

    def place_of(self, name: str) -> str:
        return self._wanted[name].to or str(self._home)

    def suffix_of(self, name: str) -> str:
        return self._dumpers[self._wanted[name].kind].SUFFIX

    # Making

    async def claim(self, backup: Backup, earlier: Sequence[str]) -> None:
        """Check the place before writing: refuse if the earlier files are missing, as of an unmounted folder. Raises a
        Failed."""
        await self._place(backup).claim(backup.place, earlier)

    async def make(self, backup: Backup, tally: Tally, noted: Callable[[int], None]) -> RunResult:
        """Dump, write, read back, and only then give it its name. `noted` gets the bytes written so far."""
        wanted, place = self._wanted[backup.name], self._place(backup)
        dumper = self._dumpers[wanted.kind]
        begun_s = time.monotonic()
        equipment = await dumper.equip(wanted, self._tools)
        content = dumper.dump(wanted, equipment, tally, quick=backup.before_restore is not None)
        draft = await place.write(backup.place, backup.file, content, noted)
        try:
            await self._inspected(dumper, place, draft)
            made = _made(draft, equipment, tally)
            took_s = time.monotonic() - begun_s
            await place.settle(draft, manifest_of(backup, wanted, made, took_s=took_s))
        except BaseException:
            with suppress(Failed):
                await asyncio.shield(place.discard(draft.place, draft.file))
            raise
        return made

    async def _inspected(self, dumper: Dumper, place: BackupPlace, draft: DumpDraft) -> None:
        """Check the draft. Raises a Failed."""
        try:
            await dumper.inspect(place.read_draft(draft), self._tools)
        except Gone as error:
            raise Rejected(f"{draft.place}: what had just been written there was removed meanwhile") from error

    async def rehearse(self, name: str) -> None:
        """Dump the database and throw the result away. Raises a Failed."""
        wanted = self._wanted[name]
        dumper = self._dumpers[wanted.kind]
        await sum_of(dumper.dump(wanted, await dumper.equip(wanted, self._tools), Tally(), quick=True))

    def sees(self, backup: Backup) -> bool:
        """Whether its file would be visible here: a local folder is visible only on its own machine."""
        return backup.machine == self.machine or not is_of_one_machine(backup.place)

    async def left_by(self, lost: Backup) -> Described | None:
        """The complete dump that a dead run left under its name; None: nothing usable, and the rest is discarded."""
        place = self._place(lost)
        try:
            left = described(await place.manifest(lost.place, lost.file) or {})
        except Damaged:
            left = None
        if left is None:
            await place.discard(lost.place, lost.file)
        return left

    # Reading

    async def kept(self, place: str) -> Sequence[KeptDump]:
        """Every dump at this place, whoever made it. Raises Gone when there is no such place."""
        suffixes = [dumper.SUFFIX for dumper in self._dumpers.values()]
        return await self._places[kind_of_place(place)].kept(place, suffixes)

    async def beside(self, place: str, one: KeptDump) -> Beside:
        """Whose dump it is, and what its manifest says. Raises a Failed when that cannot be told now."""
        return await read_beside(self._places[kind_of_place(place)], place, one)

    def content(self, backup: Backup) -> Content:
        """The dump, in pieces. Raises Gone at the first piece when the file is missing."""
        return self._place(backup).read(backup.place, backup.file)

    async def prove(self, backup: Backup, *, in_full: bool = True) -> None:
        """Read it back: check size, checksum, and, `in_full`, whether it can be restored from.

        Raises Damaged or Failed.
        """
        place, dumper = self._place(backup), self._dumpers[self._wanted[backup.name].kind]
        await prove_written(place, backup.place, backup.file, size=backup.size, sha256=backup.sha256)
        if in_full:
            await prove_readable(place, backup.place, backup.file, backup.counts, dumper, self._tools)

    async def unlike(self, place: str, file: str, made: RunResult) -> str:
        """How the file differs from what was written; '' = not at all. Raises Failed when that cannot be told now."""
        try:
            await prove_written(self._places[kind_of_place(place)], place, file, size=made.size, sha256=made.sha256)
        except Damaged as error:
            return str(error)
        return ""

    async def describe_anew(self, backup: Backup) -> str:
        """Rewrite a proved backup's manifest if it differs from what we know. Returns what was wrong with it; '' =
        nothing."""
        place, made = self._place(backup), _known(backup)
        try:
            left = await place.manifest(backup.place, backup.file)
        except Damaged:
            left = {}
        facts = described(left or {})
        if facts and facts.made == made and facts.file == backup.file and facts.name == backup.name:
            return ""
        manifest = manifest_of(backup, self._wanted[backup.name], made, took_s=backup.took.total_seconds())
        await place.describe(backup.place, backup.file, {**(left or {}), **manifest})
        return "was missing" if left is None else "was not what Tocsin had written"

    def _place(self, backup: Backup) -> BackupPlace:
        kind = kind_of_place(backup.place)
        if kind not in self._places:
            raise Refused(f"Backups kept in {kind} are not supported yet.")
        return self._places[kind]


def _made(draft: DumpDraft, equipment: Equipment, tally: Tally) -> RunResult:
    return RunResult(
        size=draft.size, sha256=draft.sha256, tool=equipment.tool, server=equipment.server,
        tables=tally.tables, counts=tally.counts, counted=tally.counted,
        source=equipment.source,
    )  # fmt: skip


def _known(backup: Backup) -> RunResult:
    return RunResult(
        size=backup.size, sha256=backup.sha256 or "", tool=backup.tool or "", server=backup.server or "",
        tables=None if backup.counts is None else len(backup.counts), counts=backup.counts,
        counted=backup.counted or "", source=backup.source or {},
    )  # fmt: skip
