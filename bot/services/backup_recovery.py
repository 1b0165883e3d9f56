"""Brings a backup back into a database of ours beside its own, and sees that everything in it is right."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from bot.domain.backup import Backup, Damaged, difference
from bot.domain.backup_drill import Found
from bot.domain.errors import Rejected
from bot.dumpers import Restorer
from bot.runbook import Runbook
from bot.services.backup_runs import BackupRuns

# Told what is done next: comparing, asking.
Told = Callable[[str], Awaitable[None]]


class BackupRecovery:
    """What drills and restores have in common. `tools`: where programs are looked for beside the PATH."""

    def __init__(
        self,
        runbook: Runbook,
        runs: BackupRuns,
        restorers: Mapping[str, Restorer],
        *,
        tools: Sequence[Path] = (),
    ) -> None:
        self._wanted = runbook.backups
        self._runs = runs
        self._restorers = restorers
        self._tools = tools

    def unsupported(self, name: str) -> str:
        """Why backups of this database cannot be brought back yet; '' = they can."""
        if reason := self._runs.unsupported(name):
            return reason
        kind = self._wanted[name].kind
        return "" if kind in self._restorers else f"restoring a {kind} is not supported yet"

    def exchanges(self, name: str) -> bool:
        """Whether what was brought back takes its place at one instant; where not, the target is overwritten."""
        return self._restorer(name).EXCHANGES

    async def bring_back(self, backup: Backup, scratch: str, told: Told) -> Found:
        """Into a database of this name. Raises a kind of Failed; what has been made by then has to be dropped."""
        wanted, restorer = self._wanted[backup.name], self._restorer(backup.name)
        equipment = await restorer.ready(wanted, self._tools)
        await restorer.fill(wanted, scratch, self._runs.content(backup), equipment)
        await told("comparing")
        counts = await restorer.counts(wanted, scratch)
        if backup.counts is not None and (unlike := difference(backup.counts, counts)):
            raise Damaged(f"restored, {unlike}")
        await told("asking")
        for question in wanted.invariants:
            await self._ask(backup.name, scratch, question)
        return Found(len(counts), sum(counts.values()), len(wanted.invariants), backup.counts is not None)

    async def exists(self, name: str, database: str = "") -> bool:
        """Whether there is a database of this name beside the target; without a name, the target itself."""
        return await self._restorer(name).exists(self._wanted[name], database)

    async def exchange(self, name: str, scratch: str, aside: str) -> bool:
        """Put what was brought back into its place; False = there was nothing there before."""
        return await self._restorer(name).exchange(self._wanted[name], scratch, aside)

    async def overwrite(self, backup: Backup, scratch: str) -> None:
        """Restore it once more, into its place. Raises a kind of Failed; then some of the target is old, some new."""
        wanted, restorer = self._wanted[backup.name], self._restorer(backup.name)
        equipment = await restorer.ready(wanted, self._tools)
        counts = await restorer.counts(wanted, scratch)
        await restorer.overwrite(wanted, scratch, self._runs.content(backup), equipment)
        if unlike := difference(counts, await restorer.counts(wanted)):
            raise Damaged(f"put into its place, {unlike}; something may be writing to it")

    async def drop(self, name: str, scratch: str) -> None:
        await self._restorer(name).drop(self._wanted[name], scratch)

    async def _ask(self, name: str, scratch: str, question: str) -> None:
        wanted = self._wanted[name]
        answer = await self._restorer(name).ask(wanted, scratch, question)
        if not (wish := wanted.invariants[question]).holds(answer):
            raise Rejected(f"“{question}” answers {answer}, it should be {wish}")

    def _restorer(self, name: str) -> Restorer:
        return self._restorers[self._wanted[name].kind]
