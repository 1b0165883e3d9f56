"""Backups of the runbook's databases: scheduled or on request, and listed; never two of one database at once."""

from datetime import datetime

from bot.clock import PLANNED_ANEW_FOR, Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.backups.backup import LOOK_AGAIN_AFTER, LOST_AFTER, Backup, BackupStanding, next_run, worst_first
from bot.domain.errors import AlreadyDone, Refused
from bot.rendering import time_shown
from bot.runbook import Runbook
from bot.services.backups.dumps import Dumps
from bot.services.backups.long_work import until_recorded
from bot.services.backups.runs import Runs
from bot.services.backups.verdicts import named
from bot.services.people.permissions import Permissions
from bot.store import audit, requests
from bot.store.backups import backups
from bot.store.backups.backups import Last
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.pipelined import Connection

LISTED = 20


class Backups(DueByRows):
    """Safe in any number of processes: one backs up a database at a time, and each scheduled run happens once."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        permissions: Permissions,
        dumps: Dumps,
        runs: Runs,
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._zone = runbook.timezone
        self._permissions = permissions
        self._dumps = dumps
        self._runs = runs
        self._supported = [name for name in self._wanted if not dumps.unsupported(name)]
        self._planned = False

    # On its own

    async def take_due(self) -> int:
        """Begin scheduled backups that are due and give up runs whose process died; returns the number of both."""
        await self._plan_once()
        now = self._clock.now()
        async with self._db.transaction() as conn:
            due = await backups.claim_plans(conn, self._supported, now)
            begun = [await self._begin_planned(conn, name, now) for name in due]
            again_at, own = now + LOOK_AGAIN_AFTER, self._runs.own
            lost = await backups.lose(conn, silent_since=now - LOST_AFTER, own=own, now=now, again_at=again_at)
            for backup in lost:
                await self._runs.tell(conn, backup)
            left = await backups.claim_left(
                conn, self._supported, self._dumps.machine, own=own, now=now, again_at=again_at
            )
        for backup in filter(None, begun):
            self._runs.start(backup)
        for backup in [*lost, *left]:
            self._runs.take_over(backup)
        return len(due) + len(lost) + len(left)

    @property
    def due_rows(self) -> DueRows:
        return backups.due_rows(self._supported, own=self._runs.own, lost_after=LOST_AFTER, machine=self._dumps.machine)

    @property
    def under_way(self) -> int:
        return len(self._runs.own)

    async def finish(self, timeout_s: float) -> None:
        """Stop at shutdown, as `LongWork.finish`."""
        await self._runs.finish(timeout_s)

    # On request

    async def run(self, actor: Actor, name: str) -> Backup:
        """Begin a backup now. Raises Refused or NotFound for an unsupported or unknown database, AlreadyDone if one is
        running."""
        self._permissions.must(actor, "backup.run")
        key = self.named(name)
        if reason := self._dumps.unsupported(key):
            raise Refused(f"{key} cannot be backed up: {reason}.")
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            backup = await self._begin(conn, actor, key, now)
            if backup is None:
                raise AlreadyDone(await self._why_not(conn, key))
            await self._runs.tell(conn, backup)
        self._runs.start(backup)
        return backup

    async def save_before(self, actor: Actor, name: str, restore_id: int) -> Backup:
        """Take the safety backup before a restore, and wait; its state says how it ended. Raises AlreadyDone."""

        async def begin() -> Backup:
            async with self._db.transaction() as conn:
                backup = await self._begin(conn, actor, name, self._clock.now(), before_restore=restore_id)
                if backup is None:
                    return await self._begun_before(conn, name, restore_id)
                await self._runs.tell(conn, backup)
            return backup

        async def read() -> Backup:
            async with self._db.transaction() as conn:
                return await backups.get(conn, begun.id)

        begun = await until_recorded(begin, within=LOST_AFTER)
        self._runs.start(begun)
        await self._runs.until_over(begun.id)
        return await until_recorded(read, within=LOST_AFTER)

    async def _begun_before(self, conn: Connection, name: str, restore_id: int) -> Backup:
        """The run our own unanswered commit may have begun. Raises AlreadyDone if another one is running."""
        running = await backups.running(conn, name)
        if running is None or running.before_restore != restore_id:
            raise AlreadyDone(await self._why_not(conn, name))
        return running

    async def standings(self) -> list[BackupStanding]:
        """The standing of each database's backups, missed objectives first."""
        async with self._db.transaction() as conn:
            last = await backups.last_of_each(conn, list(self._wanted))
            plans = await backups.plans(conn, self._supported)
        found = [self._standing(name, last[name], plans.get(name)) for name in self._wanted]
        return worst_first(found, self._clock.now())

    async def newest(self, name: str = "") -> list[Backup]:
        """The latest runs of one database or all, newest first, including databases that have left the runbook.

        Raises NotFound.
        """
        async with self._db.transaction() as conn:
            known = list(dict.fromkeys([*self._wanted, *await backups.names(conn)]))
            names = [named(dict.fromkeys(known), name)] if name else known
            return await backups.newest(conn, names, LISTED)

    def named(self, name: str) -> str:
        """A database's key, ignoring case; raises NotFound, suggesting the nearest."""
        return named(self._wanted, name)

    # Beginning a run

    async def _begin_planned(self, conn: Connection, name: str, now: datetime) -> Backup | None:
        """Begin a scheduled run; None if one is running, or a restore, whose safety backup will do."""
        await backups.postpone_plan(conn, name, next_run(self._wanted[name].at, self._zone, now))
        return await self._begin(conn, TOCSIN, name, now)

    async def _why_not(self, conn: Connection, name: str) -> str:
        running = await backups.running(conn, name)
        if running is None:
            return f"{name} is being restored: a backup can be taken when that is over."
        since = time_shown(running.started_at, self._zone, self._clock.now())
        return f"A backup of {name} is running since {since}: wait for it, `/backup list {name}` shows it."

    async def _begin(
        self, conn: Connection, actor: Actor, name: str, now: datetime, *, before_restore: int | None = None
    ) -> Backup | None:
        backup = await backups.begin(
            conn, name=name, started_by=actor.name, now=now, place=self._dumps.place_of(name),
            machine=self._dumps.machine, suffix=self._dumps.suffix_of(name), before_restore=before_restore,
        )  # fmt: skip
        if backup:
            facts = {"backup": backup.id}
            await audit.write(conn, actor=actor.name, deed="backup.run", subject=name, at=now, facts=facts)
        return backup

    async def _plan_once(self) -> None:
        """At start-up and after the clock was set: plan by the runbook's current hours."""
        if self._planned and not self._clock.stepped_within(PLANNED_ANEW_FOR):
            return
        now = self._clock.now()
        async with self._db.transaction() as conn:
            for name in self._supported:
                await backups.plan(conn, name, next_run(self._wanted[name].at, self._zone, now), now)
        self._planned = True

    def _standing(self, name: str, last: Last, planned: datetime | None) -> BackupStanding:
        wanted, unsupported = self._wanted[name], self._dumps.unsupported(name)
        troubled = last.newest is not None and last.newest.is_troubled
        return BackupStanding(
            name=name,
            database=wanted.shown,
            rpo=wanted.rpo,
            unsupported=unsupported,
            last_good=last.good,
            running=last.running,
            failed=last.newest if troubled else None,
            next_at=None if unsupported else planned or next_run(wanted.at, self._zone, self._clock.now()),
            zone=self._zone,
        )
