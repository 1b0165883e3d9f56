"""Takes steps: makes their pages, moves the ladder, tells the timeline and the room."""

from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import REACH_WITHIN
from bot.domain.paging.page import PageDraft
from bot.services.paging.due_steps import DueStep, StepPlan
from bot.services.paging.ladder_ends import LadderEnds
from bot.services.paging.pages import Pages
from bot.services.paging.step_news import StepNews
from bot.services.paging.step_plans import StepPlans
from bot.store.incidents import incidents
from bot.store.paging import escalations
from bot.store.pipelined import Connection


class Steps:
    """Runs in the transaction that has the ladders locked: reads for all steps, decides for each, writes for all."""

    def __init__(self, clock: Clock, plans: StepPlans, paging: Pages, ends: LadderEnds, news: StepNews) -> None:
        self._clock = clock
        self._plans = plans
        self._paging = paging
        self._ends = ends
        self._news = news

    async def take(self, conn: Connection, due: DueStep) -> str | None:
        """Page the next tier that has somebody to page; returns its key, None when the ladder is at its end."""
        return (await self.take_all(conn, [due]))[0]

    async def begin(self, conn: Connection, due: DueStep) -> None:
        """As `take`, for the first step of a run; a ladder bound to working hours waits for them."""
        if not await self._waits(conn, due, self._clock.now()):
            await self.take(conn, due)

    async def take_all(self, conn: Connection, due_steps: Sequence[DueStep]) -> list[str | None]:
        """As `take`, for several incidents."""
        answered = [await self._answered(conn, due.incident) for due in due_steps]
        await self._plans.learn(conn, [due.escalation.policy for due in due_steps])
        now = self._clock.now()
        plans = [self._plans.of(due, done, now) for due, done in zip(due_steps, answered, strict=True)]
        await self._paging.make(conn, [draft for plan in plans for draft in plan.drafts])
        for plan in plans:
            await self._write_down(conn, plan, now)
        return [plan.tier.key if plan.tier else None for plan in plans]

    async def take_those_known(self, conn: Connection, due_steps: Sequence[DueStep], now: datetime) -> Set[int]:
        """Take all but those left to a process that knows their people; returns the ids of the incidents handled.

        What fell due in working hours and was missed while we were down waits for the next opening.
        """
        known = [due for due in due_steps if not self._plans.leaves_to_others(due, now)]
        await self.take_all(conn, [due for due in known if not await self._waits(conn, due, now)])
        return {due.incident.id for due in known}

    async def take_by_hand(self, conn: Connection, due: DueStep) -> str | None:
        """As `take`, for a step that somebody asked for."""
        ladder = due.escalation.ladder
        called = due.escalation.moved_to(ladder, last_called_by=due.actor.name, last_called_at=due.due_at)
        tier = await self.take(conn, replace(due, escalation=called))
        await self._news.show(conn, due.incident)
        return tier

    async def call(self, conn: Connection, due: DueStep, target: str) -> list[PageDraft]:
        """Page one tier or one person beside the ladder. Raises Refused when nobody there can be reached."""
        escalation = due.escalation
        await self._plans.learn(conn, [escalation.policy])
        callout = self._plans.by_hand(due, target)
        await self._paging.make(conn, callout.drafts)
        reach_by = due.due_at + REACH_WITHIN
        await escalations.save(
            conn, escalation.moved_to(escalation.ladder, calls=escalation.calls + 1, reach_by=reach_by)
        )
        await self._news.invite(conn, due.incident, callout.people)
        await self._news.tell(conn, due, callout.tier.name if callout.tier else None, callout.drafts)
        await self._news.show(conn, due.incident)
        return callout.drafts

    async def _waits(self, conn: Connection, due: DueStep, now: datetime) -> bool:
        """Put the step off to working hours if it has to; True if so. A step that replaces one which reached nobody
        never waits, as it belongs to that earlier step."""
        escalation, ladder = due.escalation, due.escalation.ladder
        begins = ladder.policy.begins(now)
        if due.unreached or begins <= now:
            return False
        waiting = replace(ladder, next_at=begins) if due.again is None else replace(ladder, again_at=begins)
        await escalations.save(conn, escalation.planned(waiting, now, reach_by=None))
        return True

    async def _write_down(self, conn: Connection, plan: StepPlan, now: datetime) -> None:
        due, incident = plan.due, plan.due.incident
        for words in plan.passed_over:
            await incidents.write(conn, incident.id, "system", words, actor=TOCSIN.name, at=now)
        if due.again is not None:
            await self._write_down_again(conn, plan, now)
            return
        if plan.tier is None:
            await self._ends.come_to_the_end(conn, due, plan.move)
            return
        moment = {"reach_by": now + REACH_WITHIN, "last_step_at": now, "snoozed_until": None}
        changed = due.escalation.planned(plan.move.ladder, now, last_tier=plan.tier.key, **moment)
        await escalations.save(conn, changed)
        if incident.room_id:
            await self._news.invite(conn, incident, list(dict.fromkeys(draft.person for draft in plan.drafts)))
        # The declaration itself announces the very first step.
        if due.silent or due.has_waited or not due.is_the_first:
            await self._news.tell(conn, due, plan.tier.name, plan.drafts)

    async def _write_down_again(self, conn: Connection, plan: StepPlan, now: datetime) -> None:
        """A repeat moves no step, and whether anybody was reached is judged by the first round."""
        await escalations.save(conn, plan.due.escalation.planned(plan.move.ladder, now, snoozed_until=None))
        await self._news.note_again(conn, plan, now)

    async def _answered(self, conn: Connection, incident: Incident) -> set[str]:
        """Everybody who has acknowledged since the incident was declared or reopened; they are not paged again."""
        names: set[str] = set()
        for entry in await incidents.timeline(conn, incident.id) if incident.is_acknowledged else ():
            if entry.kind == "acknowledged":
                names.add(entry.actor)
            elif entry.kind == "reopened":
                names.clear()
        return names
