"""Approval of a restore: by somebody who may restore and did not ask for it, within ten minutes."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.backups.restore import Restore, must_be_pending, must_be_somebody_else
from bot.domain.backups.target import Target, is_elsewhere, must_be_named, target_in
from bot.services.backups.restore_log import RestoreLog
from bot.services.backups.restore_plans import must_be_free
from bot.services.backups.restore_runs import RestoreRuns
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.store import requests
from bot.store.backups import backups, restores
from bot.store.database import Database
from bot.store.pipelined import Connection


class RestoreDecisions:
    """Each restore is decided once, by whichever process hears first."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        people: People,
        permissions: Permissions,
        log: RestoreLog,
        runs: RestoreRuns,
    ) -> None:
        self._db = db
        self._clock = clock
        self._people = people
        self._permissions = permissions
        self._log = log
        self._runs = runs

    async def to_be_typed(self, actor: Actor, restore_id: int) -> Target | None:
        """The target an approver has to type, if the backup is of another database; None = nothing. Raises as
        `approve`."""
        self._permissions.must(actor, "backup.restore")
        async with self._db.transaction() as conn:
            restore, _ = await self._undecided(conn, restore_id)
            self._must_be_somebody_else(restore, actor)
            self._runs.must_know(restore)
            backup = await backups.get(conn, restore.backup_id)
        return restore.target if is_elsewhere(target_in(backup.source), restore.target) else None

    async def approve(self, actor: Actor, restore_id: int, *, typed: str = "", overruled: str = "") -> Restore:
        """Approve and begin. Raises NotPermitted for the requester and anybody not allowed, Refused when it is too
        late.

        `typed`: the target's name, if `to_be_typed` asks for it. `overruled`: why violated invariants are acceptable.
        """
        self._permissions.must(actor, "backup.restore")
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            restore, now = await self._undecided(conn, restore_id)
            self._must_be_somebody_else(restore, actor)
            self._runs.must_know(restore)
            backup = await backups.get(conn, restore.backup_id)
            must_be_named(target_in(backup.source), restore.target, typed, restore.target.database)
            await must_be_free(conn, restore)
            begun = await restores.begin(
                conn, restore.id, decided_by=actor.name, reason=None, overruled=overruled or None, now=now
            )
            await self._log.write(conn, begun, "approved", actor.name)
        self._runs.start(begun)
        return begun

    async def reject(self, actor: Actor, restore_id: int) -> None:
        """Reject it; the requester may withdraw it this way, too."""
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            restore, now = await self._undecided(conn, restore_id)
            if not self._people.is_one(actor, restore.asked_by, restore.asked_account):
                self._permissions.must(actor, "backup.restore")
            rejected = await restores.reject(conn, restore.id, actor.name, now)
            await self._log.write(conn, rejected, "rejected", actor.name)

    def _must_be_somebody_else(self, restore: Restore, actor: Actor) -> None:
        is_asker = self._people.is_one(actor, restore.asked_by, restore.asked_account)
        must_be_somebody_else(restore, is_asker=is_asker)

    async def _undecided(self, conn: Connection, restore_id: int) -> tuple[Restore, datetime]:
        """The restore, locked, and the time after locking: waiting for the lock may have made it too late."""
        restore, now = await restores.lock(conn, restore_id), self._clock.now()
        must_be_pending(restore, self._people.written(restore.decided_by or ""), now)
        return restore, now
