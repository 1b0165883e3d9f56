"""Brings a backup back into a database of ours beside its own, and sees that everything in it is right."""

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

# Called with what is done next.
Told = Callable[[Stage], Awaitable[None]]


def _nobody(size: int) -> None:
    """Nobody wants to know."""


class BackupRecovery:
    """What drills and restores have in common. `tools`: where programs are looked for beside the PATH."""

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
        """Whether the runbook has such an entry."""
        return name in self._wanted

    def unsupported(self, name: str) -> str:
        """Why backups of this database cannot be brought back yet; '' = they can."""
        if reason := self._dumps.unsupported(name):
            return reason
        kind = self._wanted[name].kind
        return "" if kind in self._restorers else f"restoring a {kind} is not supported yet"

    def exchanges(self, name: str) -> bool:
        """Whether what was brought back takes its place at one instant; where not, the target is overwritten."""
        return self._restorer(name).EXCHANGES

    async def prospect(self, backup: Backup) -> Prospect:
        """Which database would be replaced. Raises a kind of Failed for everything that would forbid it later."""
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
        """Raises Rejected where the runbook's entry leads elsewhere than when this was approved."""
        found = await self.prospect(backup)
        if not found.target.is_where(target):
            raise Rejected(f"{target.shown} was approved, and the runbook's entry leads to {found.target.shown} now")

    async def rehearse_saving(self, name: str) -> None:
        """What the safety backup of a restore takes, and whether it can be made: where there is something to save."""
        if await self.exists(name):
            await self._dumps.rehearse(name)

    async def bring_back(
        self, backup: Backup, scratch: str, told: Told, noted: Noted = _nobody, *, overruled: bool = False,
        drilled: bool = False,
    ) -> DrillFindings:  # fmt: skip
        """Into a database of this name, with all that belongs to it. `overruled`: invariants may be violated;
        `drilled`: on the server where the runbook wants drills, and only as far as there is room.

        `noted` is told how many bytes of the backup have been taken in.

        Raises a kind of Failed; what has been made by then has to be dropped.
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
        """Whether there is a database of this name beside the target; without a name, the target itself."""
        return await self._restorer(name).exists(self._wanted[name], database)

    async def number_of(self, name: str, database: str) -> int | None:
        """The server's own of this database, which stays when its name changes; None = there is none."""
        return await self._restorer(name).number_of(self._wanted[name], database) if self.exchanges(name) else None

    async def must_lead_beside(self, name: str, target: Target) -> None:
        """Raises Rejected where the runbook's entry leads to another server than the target's: nothing that is or is
        not there says anything of it."""
        found = await self._restorer(name).prospect(self._wanted[name])
        if not found.target.is_beside(target):
            raise Rejected(f"it replaced {target.shown}, and the runbook's entry leads to {found.target.shown} now")

    async def exchange(self, name: str, scratch: str, aside: str, target: Target) -> bool:
        """Put what was brought back into its place; False = there was nothing there before."""
        return await self._restorer(name).exchange(self._wanted[name], scratch, aside, target.database)

    async def overwrite(self, backup: Backup, scratch: str, target: Target) -> None:
        """Restore it once more, into its place. Raises a kind of Failed; then some of the target is old, some new."""
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
        """Where it was made. The runbook may have led to another server then: raises Rejected where it leads there no
        more. `place` None: wherever the runbook leads."""
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
        """Whatever it is called in either address: the connection that we hold is seen there."""

        async def look() -> bool | Failed:
            async with self._db.transaction() as conn:
                pid, since = await restores.session(conn)
                try:
                    return await self._restorer(name).is_connected(self._wanted[name], pid, since)
                except Failed as error:
                    # The target's failure, and none of our own database's: that alone is tried again.
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
