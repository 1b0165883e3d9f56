"""Where a step leads and whom it pages: decided without awaiting anything."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.paging.escalation import BY_HAND, Policy, climb, page_again
from bot.domain.paging.page import Turn, Via
from bot.domain.paging.timed_ways import AT_ONCE
from bot.runbook import Runbook
from bot.services.paging.contacts import Contacts
from bot.services.paging.due_steps import Callout, DueStep, StepPlan
from bot.services.paging.policies import tier_of
from bot.services.paging.roster import Roster
from bot.services.people.people import People
from bot.store.pipelined import Connection

# How long a step is left to a process whose runbook knows everybody in it; short enough that the page is not yet late.
LEFT_TO_OTHERS = timedelta(seconds=1)


class StepPlans:
    """Call `learn` first, and await nothing else in between."""

    def __init__(self, runbook: Runbook, people: People, roster: Roster, contacts: Contacts) -> None:
        self._runbook = runbook
        self._people = people
        self._roster = roster
        self._contacts = contacts

    async def learn(self, conn: Connection, policies: Iterable[Policy]) -> None:
        await self._roster.learn(conn, policies)

    def leaves_to_others(self, due: DueStep, now: datetime) -> bool:
        """Another process may have a runbook that knows people ours does not. After LEFT_TO_OTHERS the snapshot has to
        do."""
        escalation = due.escalation
        tier, due_at = escalation.ladder.next_tier, escalation.reach_by if due.unreached else due.due_at
        if tier is None or due_at is None or due.again is not None or now - due_at >= LEFT_TO_OTHERS:
            return False
        return not self._roster.knows(escalation.policy, tier)

    def of(self, due: DueStep, answered: set[str], now: datetime) -> StepPlan:
        """Plan the step, skipping tiers in which nobody can be paged."""
        if due.again is not None:
            return self._once_more(due, [who for who in due.again if who not in answered], now)
        passed_over: list[str] = []
        move = climb(due.escalation.ladder, now)
        while move.step:
            policy = move.ladder.policy
            tier = tier_of(policy, move.step.tier)
            everybody = self._roster.of(policy, tier, now)
            people = [who for who in everybody if who not in answered]
            turn = Turn(move.ladder.run, move.loop, move.index, tier.key, due.due_at, due.reason)
            promised = replace(policy, hours=None) if due.is_by_hand else policy
            if drafts := self._contacts.drafts(due.incident, turn, people, tier.waits, promised):
                return StepPlan(due, move, tier, drafts, passed_over)
            why = "nobody there can be paged" if people or not everybody else "everybody there has acknowledged"
            passed_over.append(f"{tier.name} was passed over: {why}")
            move = climb(move.ladder, now)
        return StepPlan(due, move, None, [], passed_over)

    def _once_more(self, due: DueStep, people: Sequence[str], now: datetime) -> StepPlan:
        move = page_again(due.escalation.ladder, now)
        policy, moved = move.ladder.policy, move.ladder
        tier = tier_of(policy, policy.steps[move.index].tier)
        turn = Turn(moved.run, move.loop, move.index, tier.key, due.due_at, due.reason, round=moved.round)
        return StepPlan(due, move, tier, self._contacts.drafts(due.incident, turn, people, tier.waits, policy), [])

    def by_hand(self, due: DueStep, target: str) -> Callout:
        """Plan a call of one tier (of the runbook or of this ladder) or one person. Raises Refused when nobody can be
        paged."""
        escalation, now = due.escalation, due.due_at
        tier, policy = self._runbook.tiers.get(target), escalation.policy
        if tier is None and target in policy.tiers:
            tier = tier_of(policy, target)
        people = self._roster.of(policy, tier, now) if tier else [target]
        waits = tier.waits if tier else self._ways_of(target, now)
        turn = Turn(escalation.run, escalation.calls + 1, BY_HAND, tier.key if tier else None, now, due.reason)
        drafts = self._contacts.drafts(due.incident, turn, people, waits, replace(policy, hours=None))
        if not drafts:
            raise Refused(f"Nobody in “{target}” can be paged: no way to reach them is set up.")
        return Callout(tier, people, drafts)

    def _ways_of(self, person: str, now: datetime) -> dict[Via, timedelta]:
        """The ways of every tier the person is in or on call for, each with its shortest wait; Slack when they are in
        none."""
        waits: dict[Via, timedelta] = {}
        for tier in self._runbook.tiers.values():
            if person in self._people.in_tier(tier, now) or person in self._people.ever_in_tier(tier):
                waits |= {via: min(wait, waits.get(via, wait)) for via, wait in tier.waits.items()}
        return waits or {"slack": AT_ONCE}
