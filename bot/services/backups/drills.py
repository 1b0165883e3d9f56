"""Drills of the runbook's backups: scheduled or on request, never two of one database at once."""

from datetime import datetime

from bot.clock import PLANNED_ANEW_FOR, Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.backups.backup import LOST_AFTER
from bot.domain.backups.drill import SWEEP_AGAIN_AFTER, Drill, next_drill
from bot.domain.errors import AlreadyDone, Refused
from bot.runbook import Runbook
from bot.services.backups.drill_runs import DrillRuns
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.verdicts import named
from bot.services.people.permissions import Permissions
from bot.store import audit, requests
from bot.store.backups import backups, drills
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.pipelined import Connection


class Drills(DueByRows):
    """Safe in any number of processes: each drill belongs to one, and each scheduled one happens once."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        permissions: Permissions,
        recovery: BackupRecovery,
        runs: DrillRuns,
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._zone = runbook.timezone
        self._permissions = permissions
        self._recovery = recovery
        self._runs = runs
        self._supported = [name for name in self._wanted if not recovery.unsupported(name)]
        self._rhythms = {name: every for name in self._supported if (every := self._wanted[name].drill)}
        self._planned = False

    # On its own

    async def take_due(self) -> int:
        """Begin drills that are due, give up those whose process died, and clean up after all."""
        await self._plan_once()
        now = self._clock.now()
        async with self._db.transaction() as conn:
            due = await drills.claim_plans(conn, list(self._rhythms), now)
            begun = [await self._begin_planned(conn, name, now) for name in due]
            lost = await drills.lose(conn, silent_since=now - LOST_AFTER, own=self._runs.own, now=now)
            for drill in lost:
                await self._runs.tell(conn, drill)
            again_at = now + SWEEP_AGAIN_AFTER
            left = await drills.claim_left(conn, self._supported, now=now, again_at=again_at)
        for drill in filter(None, begun):
            self._runs.start(drill)
        for drill in left:
            if drill.id not in self._runs.own:
                await self._runs.sweep(drill)
        return len(due) + len(lost) + len(left)

    @property
    def due_rows(self) -> DueRows:
        planned = list(self._rhythms)
        return drills.due_rows(self._supported, planned, own=self._runs.own, lost_after=LOST_AFTER)

    @property
    def under_way(self) -> int:
        return len(self._runs.own)

    async def finish(self, timeout_s: float) -> None:
        """Stop at shutdown, as `LongWork.finish`."""
        await self._runs.finish(timeout_s)

    # On request

    async def drill(self, actor: Actor, which: str) -> Drill:
        """Begin a drill now, of a database's newest valid backup or of the backup with this number.

        Raises NotFound; Refused when it cannot be restored; AlreadyDone when one is running.
        """
        self._permissions.must(actor, "backup.drill")
        name, backup_id = await self._meant(which)
        if reason := self._recovery.unsupported(name):
            raise Refused(f"{name} cannot be restored: {reason}.")
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            drill = await self._begin(conn, actor, name, backup_id, now)
            if drill is None:
                raise AlreadyDone(f"A drill of {name} is running: wait for it, its message shows how far it is.")
        self._runs.start(drill)
        return drill

    async def last_of_each(self) -> dict[str, Drill]:
        """The latest drill of each database; without those never drilled."""
        async with self._db.transaction() as conn:
            return await drills.last_of_each(conn, list(self._wanted))

    async def _meant(self, which: str) -> tuple[str, int | None]:
        word = which.strip().lstrip("#")
        if not word.isdecimal() or len(word) >= 18:
            return named(self._wanted, which), None
        async with self._db.transaction() as conn:
            backup = await backups.get(conn, int(word))
        name = named(self._wanted, backup.name)
        if backup.state != "good":
            raise Refused(
                f"Backup {backup.id} of {name} is {backup.state}: choose a good one from `/backup list {name}`."
            )
        return name, backup.id

    # Beginning a drill

    async def _begin_planned(self, conn: Connection, name: str, now: datetime) -> Drill | None:
        """Begin a scheduled drill; None if one is already running, which will do."""
        due_at = next_drill(self._wanted[name].at, self._rhythms[name], self._zone, after=now, last=now)
        await drills.postpone_plan(conn, name, due_at)
        return await self._begin(conn, TOCSIN, name, None, now)

    async def _begin(
        self, conn: Connection, actor: Actor, name: str, backup_id: int | None, now: datetime
    ) -> Drill | None:
        drill = await drills.begin(conn, name=name, backup_id=backup_id, started_by=actor.name, now=now)
        if drill:
            await audit.write(
                conn, actor=actor.name, deed="backup.drill", subject=name, at=now, facts={"drill": drill.id}
            )
            await self._runs.tell(conn, drill)
        return drill

    async def _plan_once(self) -> None:
        """At start-up and after the clock was set: plan by the runbook's current intervals."""
        if self._planned and not self._clock.stepped_within(PLANNED_ANEW_FOR):
            return
        now = self._clock.now()
        async with self._db.transaction() as conn:
            for name, every in self._rhythms.items():
                last = await drills.last_begun(conn, name)
                due_at = next_drill(self._wanted[name].at, every, self._zone, after=now, last=last)
                await drills.plan(conn, name, due_at, now)
        self._planned = True
