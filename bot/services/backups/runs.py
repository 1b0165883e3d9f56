"""Carries out a backup: dumps, writes, reads back, names, and says what became of it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.clock import Clock
from bot.domain.backups.backup import Backup, Damaged
from bot.domain.errors import Failed, Refused
from bot.dumpers import Content, Draft, Dumper, Equipment, Kept, Place, Tally, kind_of_place, sum_of
from bot.runbook import Runbook
from bot.services.backups.alerts import BackupAlerts
from bot.services.backups.cards import BackupCards
from bot.services.backups.long_work import Background, until_recorded
from bot.services.backups.manifests import described, manifest_of
from bot.services.backups.proofs import prove_readable, prove_written
from bot.services.backups.retention import BackupRetention
from bot.store.backups import backups
from bot.store.backups.backups import Made
from bot.store.database import Database
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)

# One of so many that should be at a place is enough to know it by.
EARLIER = 20


@dataclass
class Progress:
    """How far a run of this process is."""

    backup: Backup
    size: int = 0
    tally: Tally = field(default_factory=Tally)

    def note(self, size: int) -> None:
        self.size = size


class BackupRuns:
    """The runs of this process.

    `home` holds the backups that the runbook gives no place; in `tools` programs are looked for beside the PATH.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        cards: BackupCards,
        alerts: BackupAlerts,
        retention: BackupRetention,
        dumpers: Mapping[str, Dumper],
        places: Mapping[str, Place],
        *,
        home: Path,
        tools: Sequence[Path] = (),
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._cards = cards
        self._alerts = alerts
        self._retention = retention
        self._dumpers = dumpers
        self._places = places
        self._home = home
        self._tools = tools
        self._background = Background("backup", self._hear)
        self._progress: dict[int, Progress] = {}
        self.machine = retention.machine

    # What can be backed up

    def unsupported(self, name: str) -> str:
        """Why this database cannot be backed up yet; '' = it can."""
        kind, place = self._wanted[name].kind, kind_of_place(self.place_of(name))
        if kind not in self._dumpers:
            return f"backups of {kind} are not supported yet"
        return "" if place in self._places else f"backups kept in {place} are not supported yet"

    def place_of(self, name: str) -> str:
        return self._wanted[name].to or str(self._home)

    def suffix_of(self, name: str) -> str:
        return self._dumpers[self._wanted[name].kind].SUFFIX

    # Runs

    @property
    def own(self) -> Collection[int]:
        """The runs that this process knows to be alive."""
        return self._background.own

    def start(self, backup: Backup) -> None:
        """Run it in the background; its row has been committed."""
        self._progress[backup.id] = Progress(backup)
        self._background.start(backup.id, self._carry(backup))

    async def until_over(self, backup_id: int) -> None:
        """Of a run of this process."""
        await self._background.until_over(backup_id)

    async def finish(self, timeout_s: float) -> None:
        """At shutdown: let the runs under way end; the rest is stopped, and said to be."""
        await self._background.finish(timeout_s, lambda number: self._fail(number, "Tocsin was stopped while it ran"))

    def sweep_up(self, backup: Backup) -> None:
        """Remove what a lost run has left behind, in the background."""
        self._background.start(backup.id, self._sweep(backup))

    async def prove(self, backup: Backup, *, in_full: bool = True) -> None:
        """Read it back: its size, its checksum, and `in_full` whether it can be restored from.

        Raises Damaged or Failed.
        """
        place, dumper = self._place(backup), self._dumpers[self._wanted[backup.name].kind]
        await prove_written(place, backup.place, backup.file, size=backup.size, sha256=backup.sha256)
        if not in_full:
            return
        await prove_readable(place, backup.place, backup.file, backup.counts, dumper, self._tools)

    async def describe_anew(self, backup: Backup) -> str:
        """Of one that was proved: write its manifest again where it is not what is known here. Returns what was wrong
        with it; '' = nothing."""
        place, made = self._place(backup), _known(backup)
        left = await place.manifest(backup.place, backup.file)
        facts = described(left or {})
        if facts and facts.made == made and facts.file == backup.file and facts.name == backup.name:
            return ""
        manifest = manifest_of(backup, self._wanted[backup.name], made, took_s=backup.took.total_seconds())
        await place.describe(backup.place, backup.file, {**(left or {}), **manifest})
        return "was missing" if left is None else "was not what Tocsin had written"

    async def kept(self, place: str) -> Sequence[Kept]:
        """Every dump that lies there, whoever made it. Raises Gone when there is no such place."""
        suffixes = [dumper.SUFFIX for dumper in self._dumpers.values()]
        return await self._places[kind_of_place(place)].kept(place, suffixes)

    async def unlike(self, place: str, file: str, made: Made) -> str:
        """In what a file differs from what was written there; '' = in nothing. Raises Failed when nobody can say."""
        try:
            await prove_written(self._places[kind_of_place(place)], place, file, size=made.size, sha256=made.sha256)
        except Damaged as error:
            return str(error)
        return ""

    def content(self, backup: Backup) -> Content:
        """What was dumped, piece by piece. Raises Gone at the first piece when its file is not there."""
        return self._place(backup).read(backup.place, backup.file)

    async def rehearse(self, name: str) -> None:
        """Dump what is there, and keep none of it. Raises a kind of Failed."""
        wanted = self._wanted[name]
        dumper = self._dumpers[wanted.kind]
        await sum_of(dumper.dump(wanted, await dumper.equip(wanted, self._tools), Tally(), quick=True))

    async def _carry(self, backup: Backup) -> None:
        try:
            made = await self._make(backup)
        except (Failed, Refused) as error:
            await self._fail(backup.id, str(error))
        except Exception as error:
            log.exception("backup=%s name=%s", backup.id, backup.name)
            await self._fail(backup.id, f"a fault in Tocsin: {type(error).__name__}")
        else:
            await self._succeed(backup, made)
            await self._retention.tidy(backup.name)
        finally:
            self._progress.pop(backup.id, None)

    async def _sweep(self, backup: Backup) -> None:
        """A run that died when its dump had its name already has made a good one after all, if that can be read."""
        try:
            place = self._place(backup)
            left = described(await place.manifest(backup.place, backup.file) or {})
            if left is None:
                await place.discard(backup.place, backup.file)
                return
            made = left.made
            await self.prove(replace(backup, size=made.size, sha256=made.sha256, counts=made.counts))
        except (Failed, Refused) as error:
            log.warning("backup=%s was lost, and what it has left is of no use: %s", backup.id, error)
        else:
            await self._succeed(backup, made)

    async def _make(self, backup: Backup) -> Made:
        """Dump, write, read back, and only then name it."""
        wanted, progress = self._wanted[backup.name], self._progress[backup.id]
        dumper, place = self._dumpers[wanted.kind], self._place(backup)
        await self._claim(backup, place)
        begun_s = time.monotonic()
        equipment = await dumper.equip(wanted, self._tools)
        content = dumper.dump(wanted, equipment, progress.tally, quick=backup.before_restore is not None)
        draft = await place.write(backup.place, backup.file, content, progress.note)
        try:
            await dumper.inspect(place.read_draft(draft), self._tools)
            made = _made(draft, equipment, progress.tally)
            took_s = time.monotonic() - begun_s
            await place.settle(draft, manifest_of(backup, wanted, made, took_s=took_s))
        except BaseException:
            with suppress(Failed):
                await asyncio.shield(place.discard(draft.place, draft.file))
            raise
        return made

    async def _claim(self, backup: Backup, place: Place) -> None:
        """Nothing is written where the earlier ones are not, though they should be."""
        async with self._db.transaction() as conn:
            earlier = await backups.kept_at(conn, backup.place, self.machine, EARLIER)
        await place.claim(backup.place, earlier)

    async def _hear(self, backup_id: int) -> None:
        """Others see that this run is alive, and people how far it is."""
        if at := self._progress.get(backup_id):
            async with self._db.transaction() as conn:
                await backups.hear(
                    conn, backup_id, size=at.size, tables=at.tally.tables, tables_done=at.tally.tables_done,
                    now=self._clock.now(),
                )  # fmt: skip
                await self._cards.show(conn, at.backup)

    async def _succeed(self, backup: Backup, made: Made) -> None:
        await self._record(lambda conn: backups.succeed(conn, backup.id, made, self._clock.now()))
        log.info("backup=%s name=%s good bytes=%s", backup.id, backup.name, made.size)

    async def _fail(self, backup_id: int, error: str) -> None:
        await self._record(lambda conn: backups.fail(conn, backup_id, error=error, now=self._clock.now()))
        log.warning("backup=%s failed error=%r", backup_id, error)

    async def _record(self, write: Callable[[Connection], Awaitable[Backup | None]]) -> None:
        async def record() -> None:
            async with self._db.transaction() as conn:
                if ended := await write(conn):
                    await self._cards.show(conn, ended)
                    await self._alerts.follow(conn, ended)
                    await self._mend(conn, ended)

        await until_recorded(record)

    async def _mend(self, conn: Connection, ended: Backup) -> None:
        """The card of the failure before tells that it has been made good."""
        if ended.state == "good" and (before := await backups.unmended(conn, ended)):
            await self._cards.show(conn, before)

    def _place(self, backup: Backup) -> Place:
        kind = kind_of_place(backup.place)
        if kind not in self._places:
            raise Refused(f"Backups kept in {kind} are not supported yet.")
        return self._places[kind]


def _made(draft: Draft, equipment: Equipment, tally: Tally) -> Made:
    return Made(
        size=draft.size, sha256=draft.sha256, tool=equipment.tool, server=equipment.server,
        tables=tally.tables, counts=tally.counts, counted=tally.counted,
        source=equipment.source,
    )  # fmt: skip


def _known(backup: Backup) -> Made:
    return Made(
        size=backup.size, sha256=backup.sha256 or "", tool=backup.tool or "", server=backup.server or "",
        tables=None if backup.counts is None else len(backup.counts), counts=backup.counts,
        counted=backup.counted or "", source=backup.source or {},
    )  # fmt: skip
