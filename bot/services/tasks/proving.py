"""Recurring tasks that the bot ticks by itself, once they are due and it has proof that they were done."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.tasks.recurring import Occurrence
from bot.runbook import Runbook
from bot.services.tasks.pace import Pace
from bot.services.tasks.proofs import Proofs
from bot.services.tasks.recurring_cards import RecurringCards
from bot.store import audit
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.tasks import recurring


class Proving:
    """Any number of processes may run this, each at its own `pace`: the row's lock lets only one of them tick.

    Proof has to be newer than the previous due time, but may be older than this one: last night's backup counts.
    """

    due_rows = None

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, proofs: Proofs, cards: RecurringCards, pace: Pace
    ) -> None:
        self._db = db
        self._clock = clock
        self._zone = runbook.timezone
        self._tasks = {key: one for key, one in runbook.maintenance.recurring.items() if one.proved_by}
        self._proofs = proofs
        self._cards = cards
        self._pace = pace

    async def take_due(self) -> int:
        now = self._clock.now()
        if not self._tasks or not self._pace.takes(now):
            return 0
        async with self._db.transaction() as conn:
            found = [
                one for one in await recurring.provable(conn, list(self._tasks)) if await self.prove(conn, one, now)
            ]
            for card in dict.fromkeys(one.card for one in found):
                await self._cards.show(conn, card)
        return len(found)

    async def next_due(self) -> datetime | None:
        return self._pace.next(self._clock.now()) if self._tasks else None

    async def prove(self, conn: Connection, task: Occurrence, until: datetime) -> bool:
        """Tick this open occurrence if there was proof by `until`. The caller has locked it, and updates its card."""
        known = self._tasks.get(task.task)
        if known is None or known.proved_by is None:
            return False
        since = known.instant_before(task.due_on, self._zone)
        evidence = await self._proofs.find(conn, known.proved_by, since=since, due_at=task.due_at, until=until)
        if evidence is None:
            return False
        done_at = max(task.due_at, evidence.at)
        await recurring.done(conn, task.id, by=TOCSIN.name, evidence=evidence.said, now=done_at)
        facts = {"evidence": evidence.said}
        await audit.write(
            conn, actor=TOCSIN.name, deed="task.done", subject=task.what, at=self._clock.now(), facts=facts
        )
        return True
