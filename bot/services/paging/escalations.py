"""What people ask of an incident's ladder: take the next step now, or page a tier or a person beside it."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incidents.incident import Incident, must_be_open
from bot.domain.paging.escalation import BY_HAND, SAME_MOMENT, STALE_WITHIN
from bot.domain.paging.page import PageDraft
from bot.runbook import Runbook
from bot.services.paging.acknowledgements import must_not_be_overtaken
from bot.services.paging.due_steps import DueStep
from bot.services.paging.ladder_ends import LadderEnds
from bot.services.paging.steps import Steps
from bot.services.people.permissions import Permissions
from bot.services.rooms.deeds import Deeds
from bot.store.paging import escalations, pages
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection


class Escalations:
    """Each deed is one transaction, done once per request, with the actor in the timeline."""

    def __init__(
        self, clock: Clock, runbook: Runbook, permissions: Permissions, steps: Steps, ends: LadderEnds, deeds: Deeds
    ) -> None:
        self._clock = clock
        self._runbook = runbook
        self._permissions = permissions
        self._steps = steps
        self._ends = ends
        self._deeds = deeds

    async def escalate(
        self,
        actor: Actor,
        incident_id: int,
        *,
        seen: str | None = None,
        why: str = "",
        paged_at: datetime | None = None,
    ) -> str:
        """Take the next step now; returns the key of the tier paged.

        `seen`: the ladder position the pressed button was drawn for, so that two people pressing it take one step; the
        second gets AlreadyDone. Raises Refused at the ladder's end. `paged_at`: set when this answers a page, to the
        time that page was due; raises Overtaken if the incident was reopened after it.
        """
        self._permissions.must(actor, "escalate")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            escalation = await self._of_open(conn, incident, "escalate it")
            await must_not_be_overtaken(conn, incident, paged_at)
            self._must_be_the_first(escalation, actor, seen, now)
            if escalation.ladder.is_at_its_end:
                tiers = ", ".join(self._runbook.tiers)
                ends = await self._ends.in_words(conn, escalation)
                raise Refused(
                    f"Nobody left to page for {incident.ref}. {ends}. To page a tier again, type "
                    f"`/escalate <tier> <why>` with one of: {tiers}."
                )
            tier = await self._steps.take_by_hand(conn, DueStep(incident, escalation, now, why or None, actor))
        return tier or ""

    async def call(
        self, actor: Actor, incident_id: int, target: str, why: str, *, once: bool = False
    ) -> list[PageDraft]:
        """Page one tier or one person by hand, beside the ladder, giving the reason in the page. Raises Refused.

        `once`: a button asks for this tier; a second press within a minute raises AlreadyDone.
        """
        self._permissions.must(actor, "escalate")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            escalation = await self._of_open(conn, incident, "page anybody for it")
            if once:
                await self._must_not_be_called_just_now(conn, incident, target, now)
            due = DueStep(incident, escalation, self._clock.now(), why or None, actor)
            return await self._steps.call(conn, due, target)

    async def page_next(
        self, conn: Connection, incident: Incident, actor: Actor, why: str, *, silent: bool = False
    ) -> None:
        """Page the next tier, within a deed that must not go unnoticed; at the ladder's end, page its last tier again.

        `silent`: the room is told the reason only.
        """
        now = self._clock.now()
        escalation = await self._of_open(conn, incident, "page anybody for it")
        due = DueStep(incident, escalation, now, why, actor, silent=silent)
        if not escalation.ladder.is_at_its_end:
            if await self._steps.take_by_hand(conn, due):
                return
            due = replace(due, escalation=await self._of_open(conn, incident, "page anybody for it"))
        if steps := escalation.policy.steps:
            await self._steps.call(conn, due, steps[-1].tier)

    async def _of_open(self, conn: Connection, incident: Incident, deed: str) -> Escalation:
        must_be_open(incident, deed)
        return await escalations.lock(conn, incident.id)

    async def _must_not_be_called_just_now(
        self, conn: Connection, incident: Incident, tier: str, now: datetime
    ) -> None:
        """Runs under the ladder's lock, so the second of two presses sees the first one's pages."""
        by_hand = [page for page in await pages.of_incident(conn, incident.id) if page.step == BY_HAND]
        if any(page.tier == tier and timedelta(0) <= now - page.due_at < STALE_WITHIN for page in by_hand):
            raise AlreadyDone(
                f"This tier was paged less than a minute ago. {incident.ref}'s card shows who was reached."
            )

    def _must_be_the_first(self, escalation: Escalation, actor: Actor, seen: str | None, now: datetime) -> None:
        step_at = escalation.last_step_at
        just_taken = step_at is not None and now - step_at < STALE_WITHIN
        stale = seen is not None and seen != escalation.ladder.position and just_taken
        called_at = escalation.last_called_at
        together = called_at is not None and now - called_at < SAME_MOMENT and escalation.last_called_by != actor.name
        if stale or together:
            tier = self._runbook.tiers.get(escalation.last_tier or "")
            raise AlreadyDone(f"Just escalated: {tier.name if tier else 'the next tier'} is being paged.")
