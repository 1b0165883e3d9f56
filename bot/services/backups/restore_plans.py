"""What a restore is going to do: found out, and looked at for what forbids it, before anybody is asked."""

from dataclasses import dataclass, replace

from bot.domain.backups.backup import Backup
from bot.domain.backups.target import Prospect, Target, target_in
from bot.domain.errors import Failed, Refused
from bot.domain.incidents.incident import Incident
from bot.runbook import Runbook
from bot.services.backups.recovery import BackupRecovery
from bot.services.backups.verdicts import named
from bot.store.backups import backups, restores
from bot.store.database import Database


@dataclass(frozen=True)
class Plan:
    """A good backup, and what it would replace."""

    backup: Backup
    prospect: Prospect

    @property
    def source(self) -> Target | None:
        """The database that was backed up; None = that was not recorded."""
        return target_in(self.backup.source)


class BackupRestorePlans:
    """Nothing is kept, and nothing is changed. Asks the server of the target, so never within a transaction."""

    def __init__(self, db: Database, runbook: Runbook, recovery: BackupRecovery) -> None:
        self._db = db
        self._wanted = runbook.backups
        self._recovery = recovery

    async def of(self, backup_id: int, incident: Incident | None) -> Plan:
        """Only what the runbook names can be restored, only from a good backup, and never as a part of a rehearsal.

        Raises Refused, also for what would be found wrong later: rights that lack, programs, a server that is away.
        """
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
