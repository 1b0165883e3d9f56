"""Plans a restore: what it would do, and anything that forbids it, before anybody is asked."""

from dataclasses import dataclass, replace

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.backups.backup import Backup
from bot.domain.backups.restore import APPROVE_WITHIN, Restore
from bot.domain.backups.target import Prospect, Target, target_in
from bot.domain.errors import AlreadyDone, Failed, Refused
from bot.domain.incidents.incident import Incident
from bot.runbook import Runbook
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.verdicts import named
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.store.backups import backups, restores
from bot.store.database import Database
from bot.store.pipelined import Connection


@dataclass(frozen=True)
class Plan:
    """A good backup, and what it would replace."""

    backup: Backup
    prospect: Prospect

    @property
    def source(self) -> Target | None:
        """The database that was backed up; None = not recorded."""
        return target_in(self.backup.source)


class RestorePlans:
    """Makes the plan, and opens it as a restore."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        people: People,
        permissions: Permissions,
        recovery: BackupRecovery,
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._people = people
        self._permissions = permissions
        self._recovery = recovery

    async def of(self, actor: Actor, backup_id: int, incident: Incident | None) -> Plan:
        """Plan a restore: only of runbook entries, only from a good backup, never in a drill.

        Asks the target's server, so call it outside transactions. Raises NotPermitted, or Refused, also for what would
        fail later: missing privileges or programs, an unreachable server.
        """
        self._permissions.must(actor, "backup.restore")
        if incident and incident.drill:
            raise Refused(
                f"{incident.ref} is a drill, and a restore is real: `/backup drill {backup_id}` rehearses it. "
                "When it is meant, ask for it in another channel."
            )
        async with self._db.transaction() as conn:
            backup = await backups.get(conn, backup_id)
            took = await restores.last_took(conn, backup.name)
        name = named(self._wanted, backup.name)
        if reason := self._recovery.unsupported(name):
            raise Refused(f"{name} cannot be restored: {reason}.")
        if backup.state != "good":
            raise Refused(
                f"Backup {backup.id} of {name} is {backup.state}: choose a good one from `/backup list {name}`."
            )
        try:
            found = await self._recovery.prospect(backup)
        except Failed as error:
            raise Refused(f"{name} cannot be restored: {error}.") from error
        return Plan(backup, replace(found, took=took, needs=found.needs or (backup.source or {}).get("size")))

    async def open(self, conn: Connection, actor: Actor, plan: Plan, incident: Incident | None) -> Restore:
        """Open it, waiting for approval. Raises AlreadyDone if another one of the same database is open."""
        now = self._clock.now()
        incident_id = incident.id if incident else None
        name = plan.backup.name
        if other := await restores.open_into(conn, name, plan.prospect.target):
            raise AlreadyDone(self._in_the_way(other, actor))
        restore = await restores.ask(
            conn, name=name, backup_id=plan.backup.id, asked_by=self._people.with_account(actor),
            prospect=plan.prospect, incident_id=incident_id, now=now, expires_at=now + APPROVE_WITHIN,
        )  # fmt: skip
        if restore is None:
            raise AlreadyDone(f"Another restore of {name} is under way: its message shows its progress.")
        return restore

    async def own_waiting(self, conn: Connection, actor: Actor, plan: Plan) -> Restore | None:
        """This person's own undecided request for the same plan, locked; None if there is none."""
        other = await restores.open_into(conn, plan.backup.name, plan.prospect.target)
        if other is None or other.backup_id != plan.backup.id or not self._is_of(actor, other):
            return None
        locked = await restores.lock(conn, other.id)
        return locked if locked.state == "waiting" and locked.target.is_where(plan.prospect.target) else None

    def _is_of(self, actor: Actor, restore: Restore) -> bool:
        return self._people.is_one(actor, restore.asked_by, restore.asked_account)

    def _in_the_way(self, other: Restore, actor: Actor) -> str:
        into = f"Restore {other.id} into {other.target.database}"
        if other.state != "waiting":
            return f"{into} is already running: its message shows its progress."
        if self._is_of(actor, other):
            return (
                f"{into} is already waiting for approval: you asked for it. If nobody can approve it: "
                f"`/backup restore {other.backup_id} break-glass <why>`. If it is not what you want, reject it first."
            )
        asked_by = self._people.written(other.asked_by)
        return f"{into} is already waiting for approval: {asked_by} asked for it. Approve it, or reject it first."


async def must_be_free(conn: Connection, restore: Restore) -> None:
    """Keep backups of it from beginning until the commit. Raises Refused if one is running."""
    await backups.hold(conn, restore.name)
    if await backups.running(conn, restore.name):
        raise Refused(
            f"A backup of {restore.name} is running: a restore can begin when it has ended. "
            f"`/backup list {restore.name}` shows it."
        )
