"""Adopts existing backups found at their place but unknown here, as when a new bot is given an old folder or bucket."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.backups.backup import Backup, Gone, name_in
from bot.domain.errors import Failed, Rejected
from bot.dumpers import KeptDump
from bot.runbook import Runbook
from bot.services.backups.alerts import BackupAlerts
from bot.services.backups.dumps import Dumps
from bot.services.backups.findings import Findings
from bot.services.backups.manifests import Described
from bot.store import audit
from bot.store.backups import backups
from bot.store.database import Database

log = logging.getLogger(__name__)

# A folder may be mounted late, a bucket be unreachable for a while.
LOOK_AGAIN_AFTER = timedelta(minutes=10)
TELL_AGAIN_AFTER = timedelta(seconds=10)


class Adoption:
    """Looks once per process, in the background. Safe in several processes: each backup is adopted once."""

    due_rows = None

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        dumps: Dumps,
        alerts: BackupAlerts,
        findings: Findings,
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._dumps = dumps
        self._alerts = alerts
        self._findings = findings
        supported = [name for name in self._wanted if not dumps.unsupported(name)]
        self._unseen = {dumps.place_of(name) for name in supported}
        self._names = supported
        self._adopted: list[Backup] = []
        self._unusable: dict[str, str] = {}
        self._left: set[str] = set()
        self._remembers_nothing = False
        self._due_at: datetime | None = clock.now()
        self._looking: asyncio.Task[None] | None = None

    async def take_due(self) -> int:
        if self.under_way or self._due_at is None or self._clock.now() < self._due_at:
            return 0
        self._due_at = None
        self._looking = asyncio.create_task(self._look(), name="earlier backups")
        self._looking.add_done_callback(_ended)
        return 1

    async def next_due(self) -> datetime | None:
        return self._due_at

    @property
    def under_way(self) -> int:
        return int(self._looking is not None and not self._looking.done())

    async def finish(self, timeout_s: float) -> None:
        """At shutdown: stop; the next start looks at what is left."""
        if self._looking and not self._looking.done():
            self._looking.cancel()
            await asyncio.wait([self._looking], timeout=timeout_s)

    async def _look(self) -> None:
        for place in sorted(self._unseen):
            try:
                await self._look_through(place)
            except Failed as error:
                log.warning("place=%s cannot be looked through for earlier backups: %s", place, error)
                self._due_at = self._clock.now() + LOOK_AGAIN_AFTER
            else:
                self._unseen.discard(place)
        if (self._adopted or (self._unusable and self._remembers_nothing)) and not await self._tell():
            self._due_at = self._clock.now() + TELL_AGAIN_AFTER

    async def _look_through(self, place: str) -> None:
        """Adopt what is at this place, newest first, as those are needed most."""
        names = [name for name in self._names if self._dumps.place_of(name) == place]
        try:
            found = await self._dumps.kept(place)
        except Gone:
            return
        async with self._db.transaction() as conn:
            known = await backups.files(conn, names)
        self._remembers_nothing |= not known
        mine = await self._read(place, [one for one in found if one.file not in known], names)
        for one, facts in sorted(mine, key=lambda pair: pair[1].started_at, reverse=True):
            await self._take_over(place, one, facts)

    async def _read(
        self, place: str, found: Sequence[KeptDump], names: Sequence[str]
    ) -> list[tuple[KeptDump, Described]]:
        """The dumps that are ours. An unreadable one of ours is reported, because somebody may rely on it."""
        mine = []
        for one in sorted(found, key=lambda one: one.file, reverse=True):
            beside = await self._dumps.beside(place, one)
            if beside.name not in names and name_in(one.file) not in names:
                continue
            if beside.facts:
                mine.append((one, beside.facts))
            else:
                self._leave(place, one.file, beside.why)
        return mine

    async def _take_over(self, place: str, one: KeptDump, facts: Described) -> None:
        if why := await self._unfit(place, one, facts):
            self._leave(place, one.file, why)
            return
        now = self._clock.now()
        # The old host's clock may have been wrong, and a backup dated tomorrow would never be too old.
        begun_at = min(facts.started_at, now)
        async with self._db.transaction() as conn:
            adopted = await backups.adopt(
                conn, name=facts.name, file=one.file, place=place, machine=self._dumps.machine, adopted_by=TOCSIN.name,
                started_at=begun_at, ended_at=begun_at + facts.took, made=facts.made, now=now,
            )  # fmt: skip
            if adopted is None:
                return
            about = {"backup": adopted.id, "file": one.file}
            await audit.write(conn, actor=TOCSIN.name, deed="backup.adopt", subject=facts.name, at=now, facts=about)
            await self._alerts.settle(conn, facts.name)
        self._adopted.append(adopted)
        log.info("backup=%s name=%s taken over from %s file=%s", adopted.id, adopted.name, place, one.file)

    def _leave(self, place: str, file: str, why: str) -> None:
        """Report the file once, however often its place is searched."""
        if file not in self._left:
            log.warning("place=%s file=%s is not taken over: %s", place, file, why)
            self._unusable[file] = why
            self._left.add(file)

    async def _unfit(self, place: str, one: KeptDump, facts: Described) -> str:
        """Why it cannot be relied on; '' = it can. Raises Failed when that cannot be told now."""
        if facts.file != one.file:
            return f"its manifest is that of {facts.file}"
        if (named := name_in(one.file)) and named != facts.name:
            return f"it is named as one of {named}, and its manifest says that it is of {facts.name}"
        wanted = self._wanted[facts.name]
        if facts.kind != wanted.kind:
            return f"it is of a {facts.kind}, {facts.name} is a {wanted.kind} now"
        try:
            return await self._dumps.unlike(place, one.file, facts.made)
        except Rejected as error:
            # A permanent failure, such as an object moved to an archive; go on with the others.
            return f"it cannot be read: {error}"

    async def _tell(self) -> bool:
        async with self._db.transaction() as conn:
            told = await self._findings.tell(conn, self._adopted, self._unusable)
        if told:
            self._adopted, self._unusable = [], {}
        return told


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("%s", task.get_name(), exc_info=error)
