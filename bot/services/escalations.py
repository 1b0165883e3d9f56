"""Pages tier by tier until somebody answers: takes due steps, and does what people ask of the ladder."""

import logging
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import AlreadyDone, Refused
from bot.domain.escalation import (
    BY_HAND,
    REACH_WITHIN,
    SAME_MOMENT,
    Climb,
    Policy,
    Step,
    answered,
    climb,
    snooze,
    started_again,
    stopped,
)
from bot.domain.incident import Incident, must_be_open
from bot.domain.page import Page, Via, look_again_at, reach
from bot.runbook import Runbook, Severity
from bot.services.cards import Cards
from bot.services.pages import Pages, Turn
from bot.services.people import People
from bot.services.posts import Posts
from bot.store import escalations, incidents, pages, requests
from bot.store.database import Database
from bot.store.escalations import Escalation
from bot.store.queries import Connection

log = logging.getLogger(__name__)

AT_ONCE = 100
# A ladder that cannot be climbed because of a fault of ours is tried again after this.
SET_ASIDE = timedelta(minutes=1)


class Escalations:
    """The ladders of all incidents. Every step is one short transaction; nothing is sent inside it."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, people: People, paging: Pages, posts: Posts, cards: Cards
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._paging = paging
        self._posts = posts
        self._cards = cards

    # The ladder by itself

    async def arm(self, conn: Connection, incident: Incident) -> None:
        """Start the ladder of a new incident and take its first step, in the transaction that declares it."""
        now = self._clock.now()
        policy = policy_of(self._runbook.severity(incident.severity))
        await self._take_step(conn, incident, await escalations.arm(conn, incident.id, policy, now), due_at=now)

    async def take_due(self) -> int:
        """Take the steps that are due, each once, whoever else is at work; returns how many were looked at."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            due = await escalations.claim_due(conn, now=now, limit=AT_ONCE)
            poisoned = [one.incident_id for one in due if not await self._look_safely(conn, one, now)]
            for incident_id in poisoned:
                await escalations.push_ahead(conn, incident_id, now=now, until=now + SET_ASIDE)
        return len(due)

    async def next_due(self) -> datetime | None:
        async with self._db.transaction() as conn:
            return await escalations.next_due(conn)

    # What people ask of it

    async def acknowledge(self, actor: Actor, incident_id: int) -> Incident:
        """Stop the paging: somebody is on it. Raises AlreadyDone, naming who was first."""
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            incident = await incidents.lock(conn, incident_id)
            must_be_open(incident, "acknowledge it")
            if not await self.answer(conn, incident, actor):
                who = self._people.display_name(incident.acknowledged_by or "")
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
        if not await incidents.write(conn, incident.id, "acknowledged", "", actor=actor.name, at=now, key=key):
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
            await self._posts.in_room(conn, incident.id, "acknowledged", actor=actor.name, climbs_on=not silent)
        await self._show(conn, incident)
        return True

    async def escalate(self, actor: Actor, incident_id: int, *, seen: str | None = None, why: str = "") -> str:
        """Take the next step now; returns the tier that is paged.

        `seen` is the position a button was drawn for: two people pressing it take one step. Raises AlreadyDone for the
        second, Refused when the ladder is at its end.
        """
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            incident, escalation = await self._lock_open(conn, incident_id, "escalate it")
            self._must_be_the_first(escalation, actor, seen, now)
            if escalation.ladder.is_at_its_end:
                tiers = ", ".join(self._runbook.tiers)
                raise Refused(
                    f"Every tier of {incident.ref} has been paged. To page one of them again, type "
                    f"`/escalate <tier> <why>` with one of: {tiers}."
                )
            called = escalation.moved_to(escalation.ladder, last_called_by=actor.name, last_called_at=now)
            tier = await self._take_step(conn, incident, called, due_at=now, reason=why or None, actor=actor)
            await self._show(conn, incident)
        return tier or ""

    async def call(self, actor: Actor, incident_id: int, target: str, why: str) -> list[Page]:
        """Page one tier or one person by hand, beside the ladder; the reason is in the page. Raises Refused."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            incident, escalation = await self._lock_open(conn, incident_id, "page anybody for it")
            number = escalation.calls + 1
            tier = self._runbook.tiers.get(target)
            people = self._people.in_tier(tier, now) if tier else [target]
            vias: tuple[Via, ...] = tier.via if tier else ("slack",)
            turn = Turn(escalation.run, number, BY_HAND, tier.key if tier else None, now, why or None)
            made = await self._paging.make(conn, incident, turn, people, vias)
            if not made:
                raise Refused(f"Nobody of “{target}” can be paged: there is no contact to reach them by.")
            changed = escalation.moved_to(escalation.ladder, calls=number, reach_by=now + REACH_WITHIN)
            await escalations.save(conn, changed)
            await self._tell_step(conn, incident, tier.name if tier else None, made, actor, why)
            await self._show(conn, incident)
        return made

    async def hold(self, actor: Actor, incident_id: int, duration: timedelta) -> datetime:
        """Snooze: no step before then. It is no acknowledgement. Raises Refused when nothing would be paged anyway."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            incident, escalation = await self._lock_open(conn, incident_id, "snooze it")
            if escalation.next_at is None:
                raise Refused(f"Nobody is about to be paged for {incident.ref}, so there is nothing to snooze.")
            until = now + duration
            await escalations.save(conn, escalation.moved_to(snooze(escalation.ladder, until), snoozed_until=until))
            await incidents.write(conn, incident.id, "snoozed", f"until {until:%H:%M} UTC", actor=actor.name, at=now)
            await self._posts.in_room(conn, incident.id, "snoozed", actor=actor.name, until=until)
            await self._show(conn, incident)
        return until

    # What follows from other deeds, in their transactions

    async def start_again(self, conn: Connection, incident: Incident) -> None:
        """A new run from the first step: raised while nobody had answered, or reopened."""
        now = self._clock.now()
        escalation = await escalations.lock(conn, incident.id)
        await self._paging.cancel_waiting(conn, incident)
        policy = policy_of(self._runbook.severity(incident.severity))
        ladder = started_again(escalation.ladder, policy, now)
        await self._take_step(conn, incident, escalation.moved_to(ladder, snoozed_until=None), due_at=now)

    async def stop(self, conn: Connection, incident: Incident) -> None:
        escalation = await escalations.lock(conn, incident.id)
        await escalations.save(conn, escalation.moved_to(stopped(escalation.ladder), reach_by=None, snoozed_until=None))
        await self._paging.cancel_waiting(conn, incident)

    # Within a transaction

    async def _look_safely(self, conn: Connection, escalation: Escalation, now: datetime) -> bool:
        """False when this row cannot be worked on: then it must not stop the others."""
        try:
            async with conn.transaction():
                await self._look(conn, escalation, now)
        except (KeyError, ValueError, TypeError, Refused):
            log.exception("incident=%s the ladder cannot be climbed", escalation.incident_id)
            return False
        return True

    async def _look(self, conn: Connection, escalation: Escalation, now: datetime) -> None:
        incident = await incidents.get(conn, escalation.incident_id)
        if not incident.is_open or escalation.state == "stopped":
            await escalations.save(conn, escalation.moved_to(stopped(escalation.ladder), reach_by=None))
        elif escalation.next_at and escalation.next_at <= now:
            await self._take_step(conn, incident, escalation, due_at=escalation.next_at)
        else:
            await self._judge_reach(conn, incident, escalation, now)
        await self._show(conn, incident)

    async def _judge_reach(self, conn: Connection, incident: Incident, escalation: Escalation, now: datetime) -> None:
        """Those whom no provider would take a page for are named in the room, with their numbers."""
        loop, step = escalation.ladder.last
        ladder_pages = await pages.of_step(conn, incident.id, escalation.run, loop, step)
        call_pages = await pages.of_step(conn, incident.id, escalation.run, escalation.calls, BY_HAND)
        verdicts = reach(ladder_pages, now)
        everybody = verdicts | reach(call_pages, now)
        await self._tell_unreached(
            conn, incident, [who for who, verdict in everybody.items() if verdict == "unreached"]
        )
        if verdicts and set(verdicts.values()) == {"unreached"} and escalation.state == "climbing":
            await self._take_step(conn, incident, escalation, due_at=now)
            return
        still_open = "open" in everybody.values()
        reach_by = look_again_at([*ladder_pages, *call_pages], now) if still_open else None
        await escalations.save(conn, escalation.moved_to(escalation.ladder, reach_by=reach_by))

    async def _take_step(
        self,
        conn: Connection,
        incident: Incident,
        escalation: Escalation,
        *,
        due_at: datetime,
        reason: str | None = None,
        actor: Actor = TOCSIN,
    ) -> str | None:
        """Page the next tier that has somebody in it; returns its key, None when the ladder has come to its end."""
        now = self._clock.now()
        first = escalation.last_step_at is None
        move = climb(escalation.ladder, now)
        while move.step and not (made := await self._page_tier(conn, incident, move, due_at, reason)):
            words = f"{self._runbook.tiers[move.step.tier].name} was passed over: nobody there can be paged"
            await incidents.write(conn, incident.id, "system", words, actor=TOCSIN.name, at=now)
            move = climb(move.ladder, now)
        if move.step is None:
            await self._exhausted(conn, incident, escalation.moved_to(move.ladder, reach_by=None))
            return None
        await escalations.save(
            conn,
            escalation.moved_to(
                move.ladder,
                reach_by=now + REACH_WITHIN,
                last_tier=move.step.tier,
                last_step_at=now,
                snoozed_until=None,
            ),
        )
        if not first:
            await self._tell_step(conn, incident, self._runbook.tiers[move.step.tier].name, made, actor, reason or "")
        return move.step.tier

    async def _page_tier(
        self, conn: Connection, incident: Incident, move: Climb, due_at: datetime, reason: str | None
    ) -> list[Page]:
        assert move.step is not None
        tier = self._runbook.tiers[move.step.tier]
        acknowledged = {
            entry.actor for entry in await incidents.timeline(conn, incident.id) if entry.kind == "acknowledged"
        }
        people = [who for who in self._people.in_tier(tier, self._clock.now()) if who not in acknowledged]
        if not incident.is_acknowledged:
            people = self._people.in_tier(tier, self._clock.now())
        turn = Turn(move.ladder.run, move.loop, move.index, tier.key, due_at, reason)
        return await self._paging.make(conn, incident, turn, people, tier.via)

    async def _tell_step(
        self, conn: Connection, incident: Incident, tier: str | None, made: list[Page], actor: Actor, why: str
    ) -> None:
        people = list(dict.fromkeys(page.person for page in made))
        names = ", ".join(self._people.display_name(person) for person in people)
        words = f"{tier}: {names}" if tier else names
        text = f"{words} ({why})" if why else words
        await incidents.write(conn, incident.id, "escalated", text, actor=actor.name, at=self._clock.now())
        facts = {"tier": tier, "people": people, "actor": actor.name, "why": why, "late": any(p.late for p in made)}
        await self._posts.in_room(conn, incident.id, "escalated", **facts)

    async def _tell_unreached(self, conn: Connection, incident: Incident, people: list[str]) -> None:
        for key in people:
            person = self._people.person(key)
            name = self._people.display_name(key)
            line = f"{name} was not reached: no provider accepted a page"
            once = f"unreached {key}"
            if await incidents.write(
                conn, incident.id, "page_failed", line, actor=TOCSIN.name, at=self._clock.now(), key=once
            ):
                await self._posts.in_room(conn, incident.id, "unreached", name=name, person=person)

    async def _exhausted(self, conn: Connection, incident: Incident, escalation: Escalation) -> None:
        await escalations.save(conn, escalation)
        once = f"nobody answered {escalation.run}"
        words = "Nobody answered: every tier has been paged"
        now = self._clock.now()
        if await incidents.write(conn, incident.id, "system", words, actor=TOCSIN.name, at=now, key=once):
            await self._posts.in_room(conn, incident.id, "nobody_answered", incident=incident)

    async def _still_called(self, conn: Connection, incident: Incident, escalation: Escalation, actor: Actor) -> bool:
        """Somebody else has acknowledged; this person counts all the same while the ladder climbs on, or when they were
        paged after that."""
        if escalation.policy.stops_on == "resolved":
            return True
        since = incident.acknowledged_at
        own = [page for page in await pages.of_incident(conn, incident.id) if page.person == actor.name]
        return since is not None and any(page.due_at > since for page in own)

    async def _lock_open(self, conn: Connection, incident_id: int, deed: str) -> tuple[Incident, Escalation]:
        incident = await incidents.lock(conn, incident_id)
        must_be_open(incident, deed)
        return incident, await escalations.lock(conn, incident_id)

    def _must_be_the_first(self, escalation: Escalation, actor: Actor, seen: str | None, now: datetime) -> None:
        stale = seen is not None and seen != escalation.ladder.position
        called_at = escalation.last_called_at
        together = called_at is not None and now - called_at < SAME_MOMENT and escalation.last_called_by != actor.name
        if stale or together:
            tier = self._runbook.tiers.get(escalation.last_tier or "")
            raise AlreadyDone(f"It has just been escalated: {tier.name if tier else 'the next tier'} is being paged.")

    async def _show(self, conn: Connection, incident: Incident) -> None:
        await self._cards.touch(conn, f"incident:{incident.id}")


def policy_of(severity: Severity) -> Policy:
    """The snapshot of a severity's ladder."""
    escalation = severity.escalation
    steps = tuple(Step(step.page, step.wait) for step in escalation.steps)
    return Policy(steps, escalation.repeat, escalation.stops_on)
