"""Restores: asked for by one person, approved by another within ten minutes, or begun with a reason and a page."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.backups.backup import LOST_AFTER
from bot.domain.backups.drill import SWEEP_AGAIN_AFTER
from bot.domain.backups.restore import (
    APPROVE_WITHIN,
    COUNTED_FOR,
    Recoveries,
    Restore,
    must_be_somebody_else,
    must_be_undecided,
)
from bot.domain.backups.target import Target, is_elsewhere, must_be_named, target_in
from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incidents.incident import Incident
from bot.runbook import Runbook
from bot.services.backups.restore_log import BackupRestoreLog
from bot.services.backups.restore_pages import BackupRestorePages
from bot.services.backups.restore_plans import BackupRestorePlans, Plan
from bot.services.backups.restore_runs import BackupRestoreRuns
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.services.rooms.rooms import Rooms
from bot.store import requests
from bot.store.backups import backups, restores
from bot.store.database import Database
from bot.store.pipelined import Connection


class BackupRestores:
    """One at a time of each database, and never beside a backup of it but its own."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        people: People,
        permissions: Permissions,
        rooms: Rooms,
        plans: BackupRestorePlans,
        diary: BackupRestoreLog,
        pages: BackupRestorePages,
        runs: BackupRestoreRuns,
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._people = people
        self._permissions = permissions
        self._rooms = rooms
        self._plans = plans
        self._diary = diary
        self._pages = pages
        self._runs = runs

    # By itself

    async def take_due(self) -> int:
        """Expire what nobody decided, give up what has lost its process, and clear up behind all."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            expired = await restores.expire(conn, now)
            for restore in expired:
                await self._diary.write(conn, restore, "expired", TOCSIN.name)
            lost = await restores.lose(conn, silent_since=now - LOST_AFTER, own=self._runs.own, now=now)
            for restore in lost:
                await self._diary.write(conn, restore, "lost", TOCSIN.name)
            again_at = now + SWEEP_AGAIN_AFTER
            left = await restores.claim_left(conn, list(self._wanted), now=now, again_at=again_at)
        for restore in left:
            if restore.id not in self._runs.own:
                await self._runs.sweep(restore)
        return len(expired) + len(lost) + len(left)

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            return await restores.next_due(conn, list(self._wanted), own=self._runs.own, patience=LOST_AFTER)

    @property
    def under_way(self) -> int:
        return len(self._runs.own)

    async def finish(self, timeout_s: float) -> None:
        """At shutdown."""
        await self._runs.finish(timeout_s)

    async def recoveries(self) -> dict[str, list[Recoveries]]:
        """By database, of the last ninety days."""
        found: dict[str, list[Recoveries]] = {}
        async with self._db.transaction() as conn:
            for one in await restores.recoveries(conn, self._clock.now() - COUNTED_FOR):
                found.setdefault(one.name, []).append(one)
        return found

    # What people do

    async def ask(self, actor: Actor, backup_id: int, incident: Incident | None, into: str = "") -> Restore:
        """Show the plan and ask a second person. Raises Refused when there is nobody, nothing, or one already.

        `into`: the target as it was typed, where it was; then it has to be that.
        """
        self._permissions.must(actor, "backup.restore")
        plan = await self._plans.of(backup_id, incident)
        if into:
            must_be_named(None, plan.prospect.target, into, "")
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            approvers = self._approvers(actor, backup_id)
            restore = await self._open(conn, actor, plan, incident)
            if incident and approvers:
                await self._rooms.invite(conn, incident, approvers)
            await self._diary.write(conn, restore, "asked", actor.name)
        return restore

    async def break_glass(
        self, actor: Actor, backup_id: int, incident: Incident | None, reason: str, into: str = ""
    ) -> Restore:
        """Begin without a second person; the next tier is paged with the reason, and it stands in the log.

        The reason overrules invariants too. `into` has to be typed where the backup is of another database.
        """
        self._permissions.must(actor, "backup.restore")
        plan = await self._plans.of(backup_id, incident)
        target = plan.prospect.target
        command = f"/backup restore {backup_id} into {target.database} break-glass {reason}"
        must_be_named(plan.source, target, into, command)
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            restore = await self._open(conn, actor, plan, incident)
            await self._must_be_free(conn, restore)
            paged = await self._pages.page(conn, actor, restore, incident, reason)
            await restores.tie(conn, restore.id, paged.id)
            begun = await restores.begin(conn, restore.id, decided_by=None, reason=reason, overruled=reason, now=now)
            await self._diary.write(conn, begun, "broken", actor.name)
        self._runs.start(begun)
        return begun

    async def to_be_typed(self, actor: Actor, restore_id: int) -> Target | None:
        """What an approver has to name, for the backup is of another database; None = nothing. Raises as `approve`."""
        self._permissions.must(actor, "backup.restore")
        async with self._db.transaction() as conn:
            restore = await self._undecided(conn, restore_id, self._clock.now())
            self._must_be_somebody_else(restore, actor)
            backup = await backups.get(conn, restore.backup_id)
        return restore.target if is_elsewhere(target_in(backup.source), restore.target) else None

    async def approve(self, actor: Actor, restore_id: int, *, typed: str = "", overruled: str = "") -> Restore:
        """It begins. Raises NotPermitted to who asked and to whoever may not, Refused when it is too late.

        `typed`: the name of the target, where `to_be_typed` wants it. `overruled`: why invariants may be violated.
        """
        self._permissions.must(actor, "backup.restore")
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            restore = await self._undecided(conn, restore_id, now)
            self._must_be_somebody_else(restore, actor)
            backup = await backups.get(conn, restore.backup_id)
            must_be_named(target_in(backup.source), restore.target, typed, restore.target.database)
            await self._must_be_free(conn, restore)
            begun = await restores.begin(
                conn, restore.id, decided_by=actor.name, reason=None, overruled=overruled or None, now=now
            )
            await self._diary.write(conn, begun, "approved", actor.name)
        self._runs.start(begun)
        return begun

    async def reject(self, actor: Actor, restore_id: int) -> None:
        """It does not happen; who asked may take it back in this way too."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            restore = await self._undecided(conn, restore_id, now)
            if not self._people.is_one(actor, restore.asked_by, restore.asked_account):
                self._permissions.must(actor, "backup.restore")
            rejected = await restores.reject(conn, restore.id, actor.name, now)
            await self._diary.write(conn, rejected, "rejected", actor.name)

    async def _open(self, conn: Connection, actor: Actor, plan: Plan, incident: Incident | None) -> Restore:
        now = self._clock.now()
        incident_id = incident.id if incident else None
        name = plan.backup.name
        restore = await restores.ask(
            conn, name=name, backup_id=plan.backup.id, asked_by=self._people.with_account(actor),
            prospect=plan.prospect, incident_id=incident_id, now=now, expires_at=now + APPROVE_WITHIN,
        )  # fmt: skip
        if restore is None:
            other = await restores.open_one(conn, name)
            doing = "waits to be approved" if other and other.state == "waiting" else "is running"
            raise AlreadyDone(f"A restore of {name} {doing} already: its message shows how it stands.")
        return restore

    def _approvers(self, actor: Actor, backup_id: int) -> list[str]:
        others = self._permissions.others("backup.restore", actor)
        if others == []:
            raise Refused(
                "Nobody else may approve a restore just now. When it cannot wait: "
                f"`/backup restore {backup_id} break-glass <why>`, which pages the next tier."
            )
        return others or []

    def _must_be_somebody_else(self, restore: Restore, actor: Actor) -> None:
        is_asker = self._people.is_one(actor, restore.asked_by, restore.asked_account)
        must_be_somebody_else(restore, is_asker=is_asker)

    async def _undecided(self, conn: Connection, restore_id: int, now: datetime) -> Restore:
        restore = await restores.lock(conn, restore_id)
        must_be_undecided(restore, self._people.display_name(restore.decided_by or ""), now)
        return restore

    async def _must_be_free(self, conn: Connection, restore: Restore) -> None:
        await backups.hold(conn, restore.name)
        if await backups.running(conn, restore.name):
            raise Refused(
                f"A backup of {restore.name} is running: a restore begins when it is over. "
                f"`/backup list {restore.name}` shows it."
            )
