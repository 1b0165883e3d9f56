"""Restores: requested by one person and approved by another, or begun at once with a reason and a page."""

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.backups.restore import COUNTED_FOR, Recoveries, Restore
from bot.domain.backups.target import must_be_named
from bot.domain.incidents.incident import Incident
from bot.services.backups.restore_log import RestoreLog
from bot.services.backups.restore_plans import RestorePlans, must_be_free
from bot.services.backups.restore_runs import RestoreRuns
from bot.services.backups.witnesses import Witnesses
from bot.store import requests
from bot.store.backups import restores
from bot.store.database import Database


class Restores:
    """One at a time per database, never beside a backup other than its own. `restore_decisions` approves them."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        plans: RestorePlans,
        witnesses: Witnesses,
        log: RestoreLog,
        runs: RestoreRuns,
    ) -> None:
        self._db = db
        self._clock = clock
        self._plans = plans
        self._witnesses = witnesses
        self._log = log
        self._runs = runs

    async def ask(self, actor: Actor, backup_id: int, incident: Incident | None, into: str = "") -> Restore:
        """Show the plan and ask for a second person's approval. Raises Refused or AlreadyDone if nobody can approve,
        the plan is impossible, or one is open.

        `into`: the target as typed, if it was; it must match.
        """
        plan = await self._plans.of(actor, backup_id, incident)
        if into:
            must_be_named(None, plan.prospect.target, into, "")
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            restore = await self._plans.open(conn, actor, plan, incident)
            await self._witnesses.invite(conn, actor, backup_id, incident)
            await self._log.write(conn, restore, "asked", actor.name)
        return restore

    async def break_glass(
        self, actor: Actor, backup_id: int, incident: Incident | None, reason: str, into: str = ""
    ) -> Restore:
        """Begin without approval: the next tier is paged with the reason, which is also logged.

        Takes up one's own undecided request. The reason overrules invariants, too. `into` has to be typed if the backup
        is of another database.
        """
        plan = await self._plans.of(actor, backup_id, incident)
        target = plan.prospect.target
        command = f"/backup restore {backup_id} into {target.database} break-glass {reason}"
        must_be_named(plan.source, target, into, command)
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            waiting = await self._plans.own_waiting(conn, actor, plan)
            restore = waiting or await self._plans.open(conn, actor, plan, incident)
            await must_be_free(conn, restore)
            paged = await self._witnesses.page(conn, actor, restore, incident, reason)
            await restores.tie(conn, restore.id, paged.id)
            begun = await restores.begin(conn, restore.id, decided_by=None, reason=reason, overruled=reason, now=now)
            await self._log.write(conn, begun, "broken", actor.name)
        self._runs.start(begun)
        return begun

    async def recoveries(self) -> dict[str, list[Recoveries]]:
        """How drills and restores went, by database, in the last ninety days."""
        found: dict[str, list[Recoveries]] = {}
        async with self._db.transaction() as conn:
            for one in await restores.recoveries(conn, self._clock.now() - COUNTED_FOR):
                found.setdefault(one.name, []).append(one)
        return found
