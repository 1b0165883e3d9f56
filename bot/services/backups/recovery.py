"""Restores a backup into a scratch database beside its own, and checks that it is sound."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path

from bot.domain.backups.backup import LOST_AFTER, Backup, Damaged, difference
from bot.domain.backups.drill import DrillFindings, Stage
from bot.domain.backups.target import Prospect, Target
from bot.domain.errors import Failed, Rejected, Unanswered
from bot.dumpers import Content, Noted, Restorer
from bot.runbook import Runbook
from bot.runbook.backups import Backup as Backed
from bot.services.backups.disk_space import DRILLED, RESTORED, DiskSpace
from bot.services.backups.dumps import Dumps
from bot.services.backups.long_work import until_recorded
from bot.store.backups import restores
from bot.store.database import Database

# Called with the stage that begins.
Told = Callable[[Stage], Awaitable[None]]


def _nobody(size: int) -> None:
    """A `noted` that ignores progress."""


class BackupRecovery:
    """What drills and restores share. `tools`: folders searched for programs in addition to PATH."""

    def __init__(
        self,
        db: Database,
        runbook: Runbook,
        dumps: Dumps,
        restorers: Mapping[str, Restorer],
        *,
        tools: Sequence[Path] = (),
    ) -> None:
        self._db = db
        self._wanted = runbook.backups
        self._dumps = dumps
        self._restorers = restorers
        self._tools = tools
        self._space = DiskSpace()

    def knows(self, name: str) -> bool:
        """Whether the runbook has this entry."""
        return name in self._wanted

    def unsupported(self, name: str) -> str:
        """Why backups of this database cannot be restored; '' = they can."""
        if reason := self._dumps.unsupported(name):
            return reason
        kind = self._wanted[name].kind
        return "" if kind in self._restorers else f"restoring a {kind} is not supported yet"

    def exchanges(self, name: str) -> bool:
        """Whether the restored copy is swapped in atomically; if not, the target is overwritten."""
        return self._restorer(name).EXCHANGES

    async def prospect(self, backup: Backup) -> Prospect:
        """The database that would be replaced. Raises a Failed for anything that would prevent the restore later."""
        name = backup.name
        restorer, wanted = self._restorer(name), self._wanted[name]
        await restorer.ready(wanted, self._tools, backup.source or {})
        found = await restorer.prospect(wanted)
        if await self._is_our_own(name):
            raise Rejected(
                f"{found.target.shown} is Tocsin's own database: it would forget what has happened since, and page for "
                "incidents that are over. The way from a shell is in docs/recovery.md"
            )
        await self._space.must_fit(wanted, restorer, RESTORED, (backup.source or {}).get("size"))
        return found

    async def must_still_lead_to(self, backup: Backup, target: Target) -> None:
        """Raise Rejected if the runbook's entry no longer leads to the approved target."""
        found = await self.prospect(backup)
        if not found.target.is_where(target):
            raise Rejected(f"{target.shown} was approved, and the runbook's entry leads to {found.target.shown} now")

    async def rehearse_saving(self, name: str) -> None:
        """Rehearse the safety backup, for its duration and feasibility; skipped if there is nothing to save."""
        if await self.exists(name):
            await self._dumps.rehearse(name)

    async def bring_back(
        self, backup: Backup, scratch: str, told: Told, noted: Noted = _nobody, *, overruled: bool = False,
        drilled: bool = False,
    ) -> DrillFindings:  # fmt: skip
        """Restore into a database named `scratch`, and check it. `overruled`: invariants may be violated; `drilled`: on
        the runbook's server for drills, and only while there is room. `noted` gets the bytes of the backup read so far.

        Raises a Failed; the caller drops what was made.
        """
        wanted, restorer = self._meant(backup.name, drilled=drilled), self._restorer(backup.name)
        source = backup.source or {}
        equipment = await restorer.ready(wanted, self._tools, source)
        content = _counted(self._dumps.content(backup), noted)
        fill = partial(restorer.fill, wanted, scratch, content, equipment, source)
        await self._space.watched(wanted, restorer, fill, DRILLED if drilled else RESTORED, source.get("size"))
        await told("comparing")
        counts = await restorer.counts(wanted, scratch)
        if backup.counts is not None and (unlike := difference(backup.counts, counts)):
            raise Damaged(f"restored, {unlike}")
        await told("asking")
        answers = [await self._violated(wanted, scratch, question) for question in wanted.invariants]
        unheld = [answer for answer in answers if answer]
        if unheld and not overruled:
            raise Rejected(unheld[0])
        await told("dressing")
        lost = await restorer.dress(wanted, scratch, source)
        held = len(answers) - len(unheld)
        return DrillFindings(len(counts), sum(counts.values()), held, backup.counts is not None, unheld, lost)

    async def exists(self, name: str, database: str = "") -> bool:
        """Whether a database of this name exists beside the target; '' asks for the target itself."""
        return await self._restorer(name).exists(self._wanted[name], database)

    async def number_of(self, name: str, database: str) -> int | None:
        """The server's internal number of this database, which survives renaming; None = no such database."""
        return await self._restorer(name).number_of(self._wanted[name], database) if self.exchanges(name) else None

    async def must_lead_beside(self, name: str, target: Target) -> None:
        """Raise Rejected if the runbook's entry leads to another server than the target's, where what exists proves
        nothing."""
        found = await self._restorer(name).prospect(self._wanted[name])
        if not found.target.is_beside(target):
            raise Rejected(f"it replaced {target.shown}, and the runbook's entry leads to {found.target.shown} now")

    async def exchange(self, name: str, scratch: str, aside: str, target: Target) -> bool:
        """Swap the scratch database in; False = there was no previous one."""
        return await self._restorer(name).exchange(self._wanted[name], scratch, aside, target.database)

    async def overwrite(self, backup: Backup, scratch: str, target: Target) -> None:
        """Restore it again, over the target. Raises a Failed, after which the target is part old, part new."""
        wanted, restorer = self._wanted[backup.name], self._restorer(backup.name)
        equipment = await restorer.ready(wanted, self._tools, backup.source or {})
        counts = await restorer.counts(wanted, scratch)
        await restorer.overwrite(wanted, scratch, self._dumps.content(backup), equipment, target.database)
        if unlike := difference(counts, await restorer.counts(wanted)):
            raise Damaged(f"put into its place, {unlike}; something may be writing to it")

    async def drop(self, name: str, scratch: str) -> None:
        await self._restorer(name).drop(self._wanted[name], scratch)

    async def place_of(self, name: str, scratch: str, *, drilled: bool) -> Target:
        """Where a database of this name would be made."""
        found = await self._restorer(name).prospect(self._meant(name, drilled=drilled))
        return replace(found.target, database=scratch)

    async def drop_drilled(self, name: str, scratch: str, place: Target | None) -> None:
        """Drop it where it was made. Raises Rejected if the runbook has since moved to another server. `place` None:
        not recorded; drop it wherever the runbook leads."""
        own = self._wanted[name]
        entries = [own] if own.drill_on is None else [own.where_drilled, own]
        elsewhere: list[Target] = []
        for entry in entries:
            if place is not None and not (found := await self._restorer(name).prospect(entry)).target.is_beside(place):
                elsewhere.append(found.target)
                continue
            await self._restorer(name).drop(entry, scratch)
        if len(elsewhere) == len(entries):
            leads = " and ".join(target.shown for target in elsewhere)
            raise Rejected(f"the runbook's entry leads to {leads} now, and to its server no more")

    def _meant(self, name: str, *, drilled: bool) -> Backed:
        return self._wanted[name].where_drilled if drilled else self._wanted[name]

    async def _violated(self, wanted: Backed, scratch: str, question: str) -> str:
        """How an invariant is violated, in words; '' = it holds."""
        wish = wanted.invariants[question]
        try:
            answer = await self._restorer(wanted.key).ask(wanted, scratch, question)
        except (Rejected, Unanswered) as error:
            return f"“{question}” cannot be answered: {error}"
        return "" if wish.holds(answer) else f"“{question}” answers {answer}, it should be {wish}"

    async def _is_our_own(self, name: str) -> bool:
        """Whether the target is Tocsin's own database, whatever its address: our open connection would be visible
        there."""

        async def look() -> bool | Failed:
            async with self._db.transaction() as conn:
                pid, since = await restores.session(conn)
                try:
                    return await self._restorer(name).is_connected(self._wanted[name], pid, since)
                except Failed as error:
                    # Returned, not raised: only failures of our own database are retried here, not the target's.
                    return error

        found = await until_recorded(look, within=LOST_AFTER)
        if isinstance(found, Failed):
            raise found
        return found

    def _restorer(self, name: str) -> Restorer:
        return self._restorers[self._wanted[name].kind]


async def _counted(content: Content, noted: Noted) -> Content:
    size = 0
    async with aclosing(content) as pieces:
        async for piece in pieces:
            yield piece
            size += len(piece)
            noted(size)
