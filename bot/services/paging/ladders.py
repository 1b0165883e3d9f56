"""All ladders: takes due steps, each once, many per transaction."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.domain.paging.escalation import stopped
from bot.services.outbox.look import Look
from bot.services.outbox.precedence import Precedence
from bot.services.paging.due_steps import DueStep
from bot.services.paging.reaching import Held, Reaching
from bot.services.paging.steps import Steps
from bot.services.rooms.cards import Cards
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.incidents import incidents
from bot.store.paging import escalations
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection
from bot.store.rows import Row

log = logging.getLogger(__name__)

# Retry delay of a ladder that fails because of a bug of ours.
SET_ASIDE = timedelta(minutes=1)
# Ladders per transaction. A statement costs more than the rows it writes, but all their pages leave only at the commit,
# and an acknowledgement of one of these incidents meanwhile waits for the whole batch.
ABREAST = 32
# Poll interval for a due ladder that another transaction holds.
IN_OTHER_HANDS = timedelta(milliseconds=50)


class Ladders(DueByRows):
    """Steps are taken in short transactions; nothing is sent inside them."""

    bell = None

    def __init__(
        self, db: Database, clock: Clock, reaching: Reaching, steps: Steps, cards: Cards, precedence: Precedence
    ) -> None:
        self._db = db
        self._clock = clock
        self._reaching = reaching
        self._steps = steps
        self._cards = cards
        self._precedence = precedence
        self._more_is_due = False
        self._due_at: datetime | None = None
        self._one_by_one = 0

    async def take_due(self) -> int:
        """Returns how many were due."""
        return (await self.look()).done

    async def look(self) -> Look:
        """Take the longest-overdue steps. Safe in any number of processes: claims with SKIP LOCKED."""
        now = self._clock.now()
        limit = 1 if self._one_by_one else ABREAST
        self._one_by_one = max(self._one_by_one - 1, 0)
        claimed: list[Row] = []
        self._more_is_due = True
        try:
            async with self._precedence.while_made(), self._db.transaction() as conn:
                claimed = await escalations.claim_due(conn, now, limit, believed=self._clock.at_database())
                self._more_is_due = len(claimed) == limit
                if claimed:
                    await self._look(conn, [escalations.as_kept(row) for row in claimed], now)
                escalations.tell_next_look(conn, self._learn_next_look, now=now, again_at=now + IN_OTHER_HANDS)
        except Failed:
            raise
        except Exception:
            if not claimed:
                raise
            await self._tell_apart(claimed, now)
        if len(claimed) == ABREAST:
            self._precedence.expect_more()
        return Look(len(claimed), self._more_is_due, self._due_at)

    @property
    def due_rows(self) -> DueRows:
        return escalations.due_rows()

    def _learn_next_look(self, due_at: datetime | None) -> None:
        self._due_at = due_at

    async def _tell_apart(self, claimed: Sequence[Row], now: datetime) -> None:
        """Isolate a ladder that fails: retry each of the batch alone, and push the culprit ahead, so it stops no
        other."""
        # The rollback also undid what this look would have learnt about when to look next.
        self._more_is_due = True
        if len(claimed) > 1:
            log.exception("ladders=%s cannot be climbed together", len(claimed))
            self._one_by_one = len(claimed)
            return
        incident_id = claimed[0]["incident_id"]
        log.exception("incident=%s the ladder cannot be climbed", incident_id)
        async with self._db.transaction() as conn:
            await escalations.push_ahead(conn, incident_id, now=now, until=now + SET_ASIDE)

    async def _look(self, conn: Connection, claimed: Sequence[Escalation], now: datetime) -> None:
        found = await incidents.get_all(conn, [escalation.incident_id for escalation in claimed])
        due_steps: list[DueStep] = []
        due_again: list[Held] = []
        to_judge: list[Held] = []
        for escalation in claimed:
            incident = found[escalation.incident_id]
            if not incident.is_open or escalation.state == "stopped":
                await escalations.save(conn, escalation.moved_to(stopped(escalation.ladder), reach_by=None))
            elif escalation.next_at and escalation.next_at <= now:
                due_steps.append(DueStep(incident, escalation, escalation.next_at))
            elif escalation.again_at and escalation.again_at <= now:
                due_again.append((incident, escalation))
            else:
                to_judge.append((incident, escalation))
        if to_judge:
            due_steps += [DueStep(*held, now, unreached=True) for held in await self._reaching.judge(conn, to_judge)]
        if due_again:
            due_steps += await self._reaching.once_more(conn, due_again)
        stepped = await self._steps.take_those_known(conn, due_steps, now)
        left = {due.incident.id for due in due_steps} - stepped
        for number in found.keys() - left:
            # After a step the edit waits a moment for the providers' answers: in a storm, two edits per step are too
            # many.
            await self._cards.touch(conn, f"incident:{number}", incident=number, soon=number in stepped)
