"""The ladders of all incidents: takes due steps, each once, many of them at a time."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.errors import Failed
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import REACH_WITHIN, climb, started_again, stopped
from bot.domain.paging.page import PageDraft, Turn
from bot.services.outbox.look import Look
from bot.services.outbox.precedence import Precedence
from bot.services.paging.due_steps import DueStep, StepPlan
from bot.services.paging.ladder_ends import LadderEnds
from bot.services.paging.pages import Pages
from bot.services.paging.policies import tier_of
from bot.services.paging.reaching import Held, Reaching
from bot.services.paging.roster import Roster
from bot.services.rooms.cards import Cards
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.paging import escalations
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection
from bot.store.rows import Row

log = logging.getLogger(__name__)

# A ladder that cannot be climbed because of a fault of ours is tried again after this.
SET_ASIDE = timedelta(minutes=1)
# So many are one transaction. A statement costs more than the rows it writes; but their pages leave together, and
# whoever answers one of these incidents meanwhile waits for all of them.
ABREAST = 32
# A ladder that is due and that somebody else holds is looked for again after this.
IN_OTHER_HANDS = timedelta(milliseconds=50)
# For so long a step is left to a process whose runbook has everybody in it: the page is not late yet by then.
LEFT_TO_OTHERS = timedelta(seconds=1)


class Ladders:
    """Steps are taken in short transactions; nothing is sent inside them."""

    bell = None

    def __init__(
        self,
        db: Database,
        clock: Clock,
        roster: Roster,
        paging: Pages,
        reaching: Reaching,
        ends: LadderEnds,
        rooms: Rooms,
        posts: Posts,
        cards: Cards,
        precedence: Precedence,
    ) -> None:
        self._db = db
        self._clock = clock
        self.roster = roster
        self._paging = paging
        self._reaching = reaching
        self.ends = ends
        self._rooms = rooms
        self._posts = posts
        self._cards = cards
        self._precedence = precedence
        self._more_is_due = False
        self._due_at: datetime | None = None
        self._one_by_one = 0

    async def arm(self, conn: Connection, incident: Incident, *, due_at: datetime) -> None:
        """Start the ladder of a new incident and take its first step, in the transaction that declares it.

        `due_at` is when somebody asked for it: after a crash that may be a while ago.
        """
        now = self._clock.now()
        policy = self.roster.policy(incident.severity)
        await self.take_step(conn, DueStep(incident, await escalations.arm(conn, incident.id, policy, now), due_at))

    async def take_due(self) -> int:
        """Returns how many were due."""
        return (await self.look()).done

    async def look(self) -> Look:
        """Climb those that have been due longest, whoever else is at work."""
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

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            return await escalations.next_due(conn)

    async def start_again(self, conn: Connection, incident: Incident) -> None:
        """A new run from the first step: raised while nobody had answered, or reopened."""
        now = self._clock.now()
        escalation = await escalations.lock(conn, incident.id)
        await self._paging.cancel_waiting(conn, incident)
        policy = self.roster.policy(incident.severity)
        ladder = started_again(escalation.ladder, policy, now)
        await self.take_step(conn, DueStep(incident, escalation.moved_to(ladder, snoozed_until=None), now))

    async def stop(self, conn: Connection, incident: Incident) -> None:
        escalation = await escalations.lock(conn, incident.id)
        await escalations.save(conn, escalation.moved_to(stopped(escalation.ladder), reach_by=None, snoozed_until=None))
        await self._paging.cancel_waiting(conn, incident)

    def _learn_next_look(self, due_at: datetime | None) -> None:
        self._due_at = due_at

    async def _tell_apart(self, claimed: Sequence[Row], now: datetime) -> None:
        """One that cannot be climbed stops no other: after a fault each is looked at alone, the culprit set aside."""
        # What this look would have learnt of the others is undone with it.
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
        to_judge: list[Held] = []
        for escalation in claimed:
            incident = found[escalation.incident_id]
            if not incident.is_open or escalation.state == "stopped":
                await escalations.save(conn, escalation.moved_to(stopped(escalation.ladder), reach_by=None))
            elif escalation.next_at and escalation.next_at <= now:
                due_steps.append(DueStep(incident, escalation, escalation.next_at))
            else:
                to_judge.append((incident, escalation))
        if to_judge:
            due_steps += [DueStep(*held, now, unreached=True) for held in await self._reaching.judge(conn, to_judge)]
        left = {due.incident.id for due in due_steps if self._is_left_to_others(due, now)}
        due_steps = [due for due in due_steps if due.incident.id not in left]
        await self.take_steps(conn, due_steps)
        stepped = {due.incident.id for due in due_steps}
        for number in found.keys() - left:
            # A step is shown with what its providers say to it: two edits for every step are too many in a storm.
            await self._cards.touch(conn, f"incident:{number}", incident=number, soon=number in stepped)

    def _is_left_to_others(self, due: DueStep, now: datetime) -> bool:
        """Another process may have a runbook that knows whom we do not; after a moment the snapshot has to do."""
        escalation = due.escalation
        tier, due_at = escalation.ladder.next_tier, escalation.reach_by if due.unreached else due.due_at
        if tier is None or due_at is None or now - due_at >= LEFT_TO_OTHERS:
            return False
        return not self.roster.knows(escalation.policy, tier)

    async def take_step(self, conn: Connection, due: DueStep) -> str | None:
        """Page the next tier that has somebody in it; returns its key, None when the ladder has come to its end."""
        return (await self.take_steps(conn, [due]))[0]

    async def take_steps(self, conn: Connection, due_steps: Sequence[DueStep]) -> list[str | None]:
        """As `take_step`, of several incidents."""
        answered = [await self._answered(conn, due.incident) for due in due_steps]
        await self.roster.learn(conn, [due.escalation.policy for due in due_steps])
        now = self._clock.now()
        plans = [self._plan(due, done, now) for due, done in zip(due_steps, answered, strict=True)]
        await self._paging.make(conn, [draft for plan in plans for draft in plan.drafts])
        for plan in plans:
            await self._write_down(conn, plan, now)
        return [plan.tier.key if plan.tier else None for plan in plans]

    def _plan(self, due: DueStep, answered: set[str], now: datetime) -> StepPlan:
        """Tiers in which nobody can be paged are passed over at once."""
        passed_over: list[str] = []
        move = climb(due.escalation.ladder, now)
        while move.step:
            policy = move.ladder.policy
            tier = tier_of(policy, move.step.tier)
            everybody = self.roster.of(policy, tier, now)
            people = [who for who in everybody if who not in answered]
            turn = Turn(move.ladder.run, move.loop, move.index, tier.key, due.due_at, due.reason)
            if drafts := self._paging.drafts(due.incident, turn, people, tier.via, policy):
                return StepPlan(due, move, tier, drafts, passed_over)
            why = "nobody there can be paged" if people or not everybody else "everybody there has acknowledged"
            passed_over.append(f"{tier.name} was passed over: {why}")
            move = climb(move.ladder, now)
        return StepPlan(due, move, None, [], passed_over)

    async def _write_down(self, conn: Connection, plan: StepPlan, now: datetime) -> None:
        due, incident = plan.due, plan.due.incident
        for words in plan.passed_over:
            await incidents.write(conn, incident.id, "system", words, actor=TOCSIN.name, at=now)
        if plan.tier is None:
            await self.ends.come_to_the_end(conn, due, plan.move)
            return
        moment = {"reach_by": now + REACH_WITHIN, "last_step_at": now, "snoozed_until": None}
        changed = due.escalation.moved_to(plan.move.ladder, last_tier=plan.tier.key, **moment)
        await escalations.save(conn, changed)
        if incident.room_id:
            await self._rooms.invite(conn, incident, list(dict.fromkeys(draft.person for draft in plan.drafts)))
        # The first step of all is told by the declaration itself.
        if due.silent or not due.is_the_first:
            await self.tell_step(conn, due, plan.tier.name, plan.drafts)

    async def _answered(self, conn: Connection, incident: Incident) -> set[str]:
        """Everybody who has acknowledged since the incident was declared or reopened: they are not paged again."""
        names: set[str] = set()
        for entry in await incidents.timeline(conn, incident.id) if incident.is_acknowledged else ():
            if entry.kind == "acknowledged":
                names.add(entry.actor)
            elif entry.kind == "reopened":
                names.clear()
        return names

    async def tell_step(self, conn: Connection, due: DueStep, tier: str | None, drafts: Sequence[PageDraft]) -> None:
        incident, actor, why = due.incident, due.actor.name, due.reason or ""
        people = list(dict.fromkeys(draft.person for draft in drafts))
        names = ", ".join(self.roster.called(person) for person in people)
        words = f"{tier}: {names}" if tier else names
        text = f"{words} ({why})" if why else words
        await incidents.write(conn, incident.id, "escalated", text, actor=actor, at=self._clock.now())
        facts = {"tier": tier, "people": people, "actor": actor, "why": why, "late": any(one.late for one in drafts)}
        facts |= {"acknowledged": incident.is_acknowledged, "unreached": due.unreached, "silent": due.silent}
        await self._posts.in_room(conn, incident, "escalated", **facts)
