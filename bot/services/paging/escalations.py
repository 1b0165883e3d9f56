"""What people ask of an incident's ladder: acknowledge, escalate, call somebody, snooze."""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, Overtaken, Refused
from bot.domain.incidents.incident import Incident, must_be_open
from bot.domain.paging.escalation import BY_HAND, REACH_WITHIN, SAME_MOMENT, STALE_WITHIN, answered, snooze
from bot.domain.paging.page import PageDraft, Turn, Via
from bot.rendering import time_shown
from bot.runbook import Runbook
from bot.services.paging.due_steps import DueStep
from bot.services.paging.ladders import Ladders
from bot.services.paging.pages import Pages
from bot.services.paging.policies import tier_of
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.services.rooms.cards import Cards
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store.incidents import incidents
from bot.store.paging import escalations, pages
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection


class Escalations:
    """Every deed is one transaction, done once per request, with the actor in the timeline."""

    def __init__(
        self,
        clock: Clock,
        runbook: Runbook,
        people: People,
        permissions: Permissions,
        ladders: Ladders,
        paging: Pages,
        rooms: Rooms,
        posts: Posts,
        cards: Cards,
        deeds: Deeds,
    ) -> None:
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._permissions = permissions
        self._ladders = ladders
        self._paging = paging
        self._rooms = rooms
        self._posts = posts
        self._cards = cards
        self._deeds = deeds

    async def acknowledge(self, actor: Actor, incident_id: int, *, paged_at: datetime | None = None) -> Incident:
        """Stop the paging: somebody is on it. Raises AlreadyDone, naming who was first.

        `paged_at`: only as the answer to a page that was due then. Raises Overtaken when the incident was reopened
        after that.
        """
        async with self._deeds.on(actor, incident_id) as (conn, incident, _):
            must_be_open(incident, "acknowledge it")
            if not incident.is_acknowledged:
                await self._must_not_be_overtaken(conn, incident, paged_at)
            if not await self.answer(conn, incident, actor):
                who = self._people.known_name(incident.acknowledged_by or "")
                raise AlreadyDone(f"{incident.ref} is already acknowledged by {who}.")
            return await incidents.get(conn, incident_id)

    async def answer(self, conn: Connection, incident: Incident, actor: Actor) -> bool:
        """Within a deed that acknowledges too; False when it changes nothing."""
        now = self._clock.now()
        escalation = await escalations.lock(conn, incident.id)
        first = await incidents.acknowledge(conn, incident.id, actor.name, now)
        if not first and not await self._still_called(conn, incident, escalation, actor):
            return False
        key = f"acknowledged {escalation.run} {escalation.calls} {actor.name}"
        if not await incidents.write_once(conn, incident.id, "acknowledged", "", actor=actor.name, at=now, key=key):
            return False
        ladder = answered(escalation.ladder)
        silent = ladder.state == "answered"
        reach_by = None if silent else escalation.reach_by
        await escalations.save(conn, escalation.moved_to(ladder, reach_by=reach_by, snoozed_until=None))
        if silent:
            await self._paging.cancel_waiting(conn, incident)
        else:
            await self._paging.show_again(conn, incident)
        if first:
            await self._posts.in_room(conn, incident, "acknowledged", actor=actor.name, climbs_on=not silent)
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
        return True

    async def escalate(
        self,
        actor: Actor,
        incident_id: int,
        *,
        seen: str | None = None,
        why: str = "",
        paged_at: datetime | None = None,
    ) -> str:
        """Take the next step now; returns the tier that is paged.

        `seen` is the position a button was drawn for: two people pressing it take one step. Raises AlreadyDone for the
        second, Refused when the ladder is at its end. `paged_at` as in `acknowledge`.
        """
        self._permissions.must(actor, "escalate")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            escalation = await self._of_open(conn, incident, "escalate it")
            await self._must_not_be_overtaken(conn, incident, paged_at)
            self._must_be_the_first(escalation, actor, seen, now)
            if escalation.ladder.is_at_its_end:
                tiers = ", ".join(self._runbook.tiers)
                ends = await self._ladders.ends.in_words(conn, escalation)
                raise Refused(
                    f"Nobody left to page for {incident.ref}. {ends}. To page a tier again, type "
                    f"`/escalate <tier> <why>` with one of: {tiers}."
                )
            called = escalation.moved_to(escalation.ladder, last_called_by=actor.name, last_called_at=now)
            tier = await self._ladders.take_step(conn, DueStep(incident, called, now, why or None, actor))
            await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
        return tier or ""

    async def call(
        self, actor: Actor, incident_id: int, target: str, why: str, *, once: bool = False
    ) -> list[PageDraft]:
        """Page one tier or one person by hand, beside the ladder; the reason is in the page. Raises Refused.

        `once`: a button asks for this tier. Of two who press it within a minute the second raises AlreadyDone.
        """
        self._permissions.must(actor, "escalate")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            escalation = await self._of_open(conn, incident, "page anybody for it")
            if once:
                await self._must_not_be_called_just_now(conn, incident, target, now)
            return await self._call(conn, incident, escalation, actor, target, why)

    async def page_next(self, conn: Connection, incident: Incident, actor: Actor, why: str) -> None:
        """Within a deed that must not go unnoticed: the next tier is paged; at the ladder's end its last one again."""
        now = self._clock.now()
        escalation = await self._of_open(conn, incident, "page anybody for it")
        if not escalation.ladder.is_at_its_end:
            called = escalation.moved_to(escalation.ladder, last_called_by=actor.name, last_called_at=now)
            if await self._ladders.take_step(conn, DueStep(incident, called, now, why, actor)):
                await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
                return
            escalation = await self._of_open(conn, incident, "page anybody for it")
        if steps := escalation.policy.steps:
            await self._call(conn, incident, escalation, actor, steps[-1].tier, why)

    async def _call(
        self, conn: Connection, incident: Incident, escalation: Escalation, actor: Actor, target: str, why: str
    ) -> list[PageDraft]:
        now, number = self._clock.now(), escalation.calls + 1
        tier, policy = self._runbook.tiers.get(target), escalation.policy
        if tier is None and target in policy.tiers:
            tier = tier_of(policy, target)
        await self._ladders.roster.learn(conn, [policy])
        people = self._ladders.roster.of(policy, tier, now) if tier else [target]
        vias = tier.via if tier else self._ways_of(target, now)
        turn = Turn(escalation.run, number, BY_HAND, tier.key if tier else None, now, why or None)
        drafts = self._paging.drafts(incident, turn, people, vias, policy)
        if not drafts:
            raise Refused(f"Nobody in “{target}” can be paged: no way to reach them is set up.")
        await self._paging.make(conn, drafts)
        changed = escalation.moved_to(escalation.ladder, calls=number, reach_by=now + REACH_WITHIN)
        await escalations.save(conn, changed)
        await self._rooms.invite(conn, incident, people)
        told = DueStep(incident, changed, now, why, actor)
        await self._ladders.tell_step(conn, told, tier.name if tier else None, drafts)
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
        return drafts

    def _ways_of(self, person: str, now: datetime) -> tuple[Via, ...]:
        """Those of every tier that the person belongs to or is on call for; by Slack when they belong to none."""
        ways: dict[Via, None] = {}
        for tier in self._runbook.tiers.values():
            if person in self._people.in_tier(tier, now) or person in self._people.ever_in_tier(tier):
                ways |= dict.fromkeys(tier.via)
        return tuple(ways) or ("slack",)

    async def hold(self, actor: Actor, incident_id: int, duration: timedelta) -> datetime:
        """Snooze: no step before then. It is no acknowledgement. Raises Refused when nothing would be paged anyway."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            escalation = await self._of_open(conn, incident, "snooze it")
            if escalation.next_at is None:
                raise Refused(f"Nobody is about to be paged for {incident.ref}, so there is nothing to snooze.")
            until = now + duration
            held = escalation.moved_to(snooze(escalation.ladder, until), snoozed_until=until, snoozed_at=now)
            await escalations.save(conn, held)
            words = f"until {time_shown(until, self._runbook.timezone, now)}"
            await incidents.write(conn, incident.id, "snoozed", words, actor=actor.name, at=now)
            await self._posts.in_room(conn, incident, "snoozed", actor=actor.name, until=until)
            await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
        return until

    async def _still_called(self, conn: Connection, incident: Incident, escalation: Escalation, actor: Actor) -> bool:
        """Somebody else has acknowledged; this person counts all the same while the ladder climbs on, or when they were
        paged after that."""
        if escalation.policy.stops_on == "resolved":
            return True
        since = incident.acknowledged_at
        own = [page for page in await pages.of_incident(conn, incident.id) if page.person == actor.name]
        return since is not None and any(page.due_at > since for page in own)

    async def _of_open(self, conn: Connection, incident: Incident, deed: str) -> Escalation:
        must_be_open(incident, deed)
        return await escalations.lock(conn, incident.id)

    async def _must_not_be_overtaken(self, conn: Connection, incident: Incident, paged_at: datetime | None) -> None:
        if paged_at and await incidents.reopened_since(conn, incident.id, paged_at):
            raise Overtaken(
                f"{incident.ref} was reopened after this page, so nothing was changed. "
                "If you're on it, type `/escalate ack`."
            )

    async def _must_not_be_called_just_now(
        self, conn: Connection, incident: Incident, tier: str, now: datetime
    ) -> None:
        """Under the ladder's lock, so the second of two presses sees the pages of the first."""
        by_hand = [page for page in await pages.of_incident(conn, incident.id) if page.step == BY_HAND]
        if any(page.tier == tier and now - page.due_at < STALE_WITHIN for page in by_hand):
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
