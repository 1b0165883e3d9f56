"""Deletes backups past their retention; the last good one stays, however old."""

import logging
import platform
from collections.abc import Mapping
from datetime import timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.backups.backup import LOST_AFTER, Backup, to_delete
from bot.domain.errors import Failed
from bot.dumpers import BackupPlace, is_of_one_machine, kind_of_place
from bot.runbook import Runbook
from bot.store import audit
from bot.store.backups import backups
from bot.store.database import Database

log = logging.getLogger(__name__)

# Each costs some requests.
MOST_CLEARED = 20
# A process given up may be alive after all: do not take away what it is still writing.
SURELY_DEAD_AFTER, CLEARED_FOR = timedelta(hours=1), timedelta(days=7)


class Retention:
    """Deletes what the runbook no longer keeps."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, places: Mapping[str, BackupPlace]) -> None:
        self._db = db
        self._clock = clock
        self._wanted = runbook.backups
        self._places = places
        self._machine = platform.node()

    async def tidy(self, name: str) -> None:
        """Tidy one database's backups and the remains of failed runs. Files on another machine are left to that
        machine."""
        async with self._db.transaction() as conn:
            whole = await backups.whole(conn, [name])
            now = self._clock.now()
            since, before = now - CLEARED_FOR, now - SURELY_DEAD_AFTER
            failed = await backups.failed_lately(conn, name, MOST_CLEARED, since=since, before=before)
        for one in failed:
            await self._clear(one)
        for old in to_delete(whole, self._wanted[name].keep, self._clock.now()):
            await self._delete(old)

    async def go_on(self, old: Backup) -> None:
        """Finish a deletion whose process died, then tidy up as usual; skips what is to be kept now."""
        await self._leave(old)
        await self.tidy(old.name)

    async def _delete(self, old: Backup) -> None:
        """Record the deletion first: if we die halfway, a missing file must not count as a good backup."""
        async with self._db.transaction() as conn:
            await backups.removing(conn, old.id, self._clock.now() + LOST_AFTER)
        try:
            was_there = await self._remove(old)
        except Failed as error:
            log.warning("backup=%s cannot be deleted: %s", old.id, error)
            await self._leave(old)
            return
        if was_there or old.machine == self._machine or not is_of_one_machine(old.place):
            await self._forget(old)
        else:
            await self._leave(old)

    async def _leave(self, old: Backup) -> None:
        """Leave it; retried after the next good backup."""
        async with self._db.transaction() as conn:
            await backups.swept(conn, old.id)

    async def _clear(self, failed: Backup) -> None:
        """A failed run that had lost its right to write could not remove what it wrote; try now."""
        place = self._places.get(kind_of_place(failed.place))
        if place is None or (is_of_one_machine(failed.place) and failed.machine != self._machine):
            return
        try:
            await place.discard(failed.place, failed.file)
        except Failed as error:
            log.warning("backup=%s what it left cannot be removed: %s", failed.id, error)

    async def _remove(self, old: Backup) -> bool:
        """Remove its file; False when there was none, or its kind of place is no longer known."""
        place = self._places.get(kind_of_place(old.place))
        return place is not None and await place.remove(old.place, old.file)

    async def _forget(self, old: Backup) -> None:
        async with self._db.transaction() as conn:
            now = self._clock.now()
            if not await backups.forget(conn, old.id, now):
                return
            facts = {"backup": old.id, "file": old.file}
            await audit.write(conn, actor=TOCSIN.name, deed="backup.delete", subject=old.name, at=now, facts=facts)
