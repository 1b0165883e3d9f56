"""Proves backups: reads them back, compares with what was dumped, and judges."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.backups.backup import LOST_AFTER, Backup, Damaged, Gone
from bot.domain.errors import Failed, NotFound, Refused
from bot.dumpers import is_of_one_machine
from bot.runbook import Runbook
from bot.runbook.mistakes import advised
from bot.services.backups.alerts import BackupAlerts
from bot.services.backups.cards import BackupCards
from bot.services.backups.dumps import Dumps
from bot.services.backups.long_work import until_recorded
from bot.store import audit
from bot.store.backups import backups
from bot.store.database import Database


@dataclass(frozen=True)
class VerifyResult:
    """`backup.error` says what is wrong; `instead` is then the newest valid one; None = there is none, or, unless
    `looked`, nobody checked. `manifest`: what was wrong with a valid backup's manifest before it was rewritten; '' =
    nothing."""

    backup: Backup
    instead: Backup | None = None
    looked: bool = False
    manifest: str = ""


class Verdicts:
    """Reads backups back. Damage is reported, and a backup that was repaired becomes good again."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, cards: BackupCards, alerts: BackupAlerts, dumps: Dumps
    ) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._cards = cards
        self._alerts = alerts
        self._dumps = dumps

    async def verify(self, actor: Actor, backup: Backup, *, only: bool) -> VerifyResult:
        """Judge a backup. If it is damaged, look for the newest valid one before it, unless `only` this one was asked
        for. Raises Refused when there is nothing to read."""
        judged = await self.judge(actor, backup)
        if judged.state == "good":
            return VerifyResult(judged, manifest=await self._manifest(judged))
        if only:
            return VerifyResult(judged)
        return VerifyResult(judged, await self.newest_valid(actor, judged.name), looked=True)

    async def newest_valid(self, actor: Actor, name: str, *, in_full: bool = True) -> Backup | None:
        """The newest usable backup of a database, read back as by `judge`; None = there is none."""

        async def read() -> list[Backup]:
            async with self._db.transaction() as conn:
                return await backups.good(conn, [name])

        for backup in await until_recorded(read, within=LOST_AFTER):
            judged = await self.judge(actor, backup, in_full=in_full)
            if judged.state == "good":
                return judged
        return None

    async def judge(self, actor: Actor, backup: Backup, *, in_full: bool = True) -> Backup:
        """Read it back and record the verdict. Raises Refused when there is nothing readable from here.

        Not `in_full`: only check that it is what was written; a restore that follows will see the rest.
        """
        if not backup.is_whole:
            raise Refused(f"Backup {backup.id} of {backup.name} is {backup.state}: there is nothing to verify.")
        damage = await self._damage(backup, in_full=in_full)
        return await until_recorded(partial(self._record, actor, backup, damage), within=LOST_AFTER)

    async def _record(self, actor: Actor, backup: Backup, damage: str | None) -> Backup:
        now = self._clock.now()
        async with self._db.transaction() as conn:
            before = await backups.lock(conn, backup.id)
            judged = await backups.judge(conn, backup.id, damage=damage, now=now)
            if judged is None:
                raise Refused(f"Backup {backup.id} of {backup.name} has been deleted meanwhile.")
            facts = {"backup": backup.id, "verdict": damage or "valid"}
            await audit.write(conn, actor=actor.name, deed="backup.verify", subject=backup.name, at=now, facts=facts)
            if before.state != judged.state:
                await self._cards.show(conn, judged)
                await self._alerts.follow(conn, judged)
        return judged

    async def _manifest(self, valid: Backup) -> str:
        """Repair the manifest: anybody restoring without our database has nothing else."""
        try:
            return await self._dumps.describe_anew(valid)
        except Failed as error:
            return f"could not be read or written: {error}"

    async def _damage(self, backup: Backup, *, in_full: bool) -> str | None:
        """What is wrong with it; None = nothing. Raises Refused when its file is on another machine."""
        try:
            await self._dumps.prove(backup, in_full=in_full)
        except Gone as error:
            if backup.machine != self._dumps.machine and is_of_one_machine(backup.place):
                raise Refused(
                    f"Backup {backup.id} of {backup.name} was written on {backup.machine} and is not on this machine: "
                    "nothing can be said of it from here."
                ) from error
            return str(error)
        except Damaged as error:
            return str(error)
        return None

    @staticmethod
    def is_one(which: str) -> bool:
        """Whether it names a single backup by id, rather than the latest of something."""
        word = which.strip().lstrip("#")
        return word.isdecimal() and len(word) < 18

    async def meant(self, which: str) -> Backup:
        """Find a backup by id, by database, or the latest whole one of all. Raises NotFound."""
        word = which.strip().lstrip("#").lower() or "latest"
        async with self._db.transaction() as conn:
            if self.is_one(word):
                backup = await backups.get(conn, int(word))
                named(self._wanted, backup.name)
                return backup
            names = list(self._wanted) if word == "latest" else [named(self._wanted, word)]
            whole = await backups.newest_whole(conn, names)
        if whole is None:
            raise NotFound("There is no backup to verify. `/backup run` makes one, `/backup list` shows all runs.")
        return whole


def named(wanted: Mapping[str, object], name: str) -> str:
    """A database's key, ignoring case; raises NotFound, suggesting the nearest."""
    for key in wanted:
        if key.lower() == name.strip().lower():
            return key
    raise NotFound(f"There is no backup called “{name}”. {advised(name, wanted)}")
