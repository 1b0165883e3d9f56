"""The ladders of all incidents: takes due steps, each once, and judges whether they reached anybody."""

import asyncio
import logging
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import Failed
from bot.domain.escalation import BY_HAND, REACH_WITHIN, Climb, climb, started_again, stopped
from bot.domain.incident import Incident
from bot.domain.page import Page, look_again_at, reach
from bot.runbook import Runbook
from bot.services.cards import Cards
from bot.services.pages import Pages, Turn
from bot.services.people import People
from bot.services.policies import policy_of, tier_of
from bot.services.posts import Posts
from bot.services.rooms import Rooms
from bot.store import escalations, incidents, pages
from bot.store.database import Database
from bot.store.escalations import Escalation
from bot.store.queries import Connection, Row

log = logging.getLogger(__name__)

# A ladder that cannot be climbed because of a fault of ours is tried again after this.
SET_ASIDE = timedelta(minutes=1)
# Each spends its time waiting for the database: as many side by side as leave connections for what has to be sent.
ABREAST = 4


class Ladders:
    """Every step is one short transaction; nothing is sent inside it."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        people: People,
        paging: Pages,
        rooms: Rooms,
        posts: Posts,
        cards: Cards,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._paging = paging
        self._rooms = rooms
        self._posts = posts
        self._cards = cards
        self._abreast = 1

    async def arm(self, conn: Connection, incident: Incident, *, due_at: datetime) -> None:
        """Start the ladder of a new incident and take its first step, in the transaction that declares it.

        `due_at` is when somebody asked for it: after a crash that may be a while ago.
        """
        now = self._clock.now()
        policy = policy_of(self._runbook, self._runbook.severity_as_declared(incident.severity))
        await self.take_step(conn, incident, await escalations.arm(conn, incident.id, policy, now), due_at=due_at)

    async def take_due(self) -> int:
        """Look at what has been due longest, each ladder once, whoever else is at work; 0 when none is due.

        One, and while more are found, some side by side.
        """
        # Each is awaited to its end, so that none is still at work when the round has failed.
        looks = await asyncio.gather(*(self._take_one() for _ in range(self._abreast)), return_exceptions=True)
        taken = 0
        for look in looks:
            if isinstance(look, BaseException):
                raise look
            taken += look
        self._abreast = min(2 * self._abreast, ABREAST) if taken == self._abreast else 1
        return taken

    async def _take_one(self) -> int:
        """One ladder is one transaction: its page leaves before the next one is looked at, and one that cannot be
        climbed stops no other."""
        now = self._clock.now()
        claimed: Row | None = None
        try:
            async with self._db.transaction() as conn:
                claimed = await escalations.claim_due(conn, now)
                if claimed is not None:
                    await self._look(conn, escalations.as_kept(claimed), now)
        except Failed:
            raise
        except Exception:
            if claimed is None:
                raise
            incident_id = claimed["incident_id"]
            log.exception("incident=%s the ladder cannot be climbed", incident_id)
            await self._set_aside(incident_id, now)
        return 0 if claimed is None else 1

    @property
    def is_a_storm(self) -> bool:
        """More ladders are due than are looked at one by one."""
        return self._abreast == ABREAST

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            return await escalations.next_due(conn)

    async def start_again(self, conn: Connection, incident: Incident) -> None:
        """A new run from the first step: raised while nobody had answered, or reopened."""
        now = self._clock.now()
        escalation = await escalations.lock(conn, incident.id)
        await self._paging.cancel_waiting(conn, incident)
        policy = policy_of(self._runbook, self._runbook.severity_as_declared(incident.severity))
        ladder = started_again(escalation.ladder, policy, now)
        await self.take_step(conn, incident, escalation.moved_to(ladder, snoozed_until=None), due_at=now)

    async def stop(self, conn: Connection, incident: Incident) -> None:
        escalation = await escalations.lock(conn, incident.id)
        await escalations.save(conn, escalation.moved_to(stopped(escalation.ladder), reach_by=None, snoozed_until=None))
        await self._paging.cancel_waiting(conn, incident)

    async def _set_aside(self, incident_id: int, now: datetime) -> None:
        async with self._db.transaction() as conn:
            await escalations.push_ahead(conn, incident_id, now=now, until=now + SET_ASIDE)

    async def _look(self, conn: Connection, escalation: Escalation, now: datetime) -> None:
        incident = await incidents.get(conn, escalation.incident_id)
        if not incident.is_open or escalation.state == "stopped":
            await escalations.save(conn, escalation.moved_to(stopped(escalation.ladder), reach_by=None))
        elif escalation.next_at and escalation.next_at <= now:
            await self.take_step(conn, incident, escalation, due_at=escalation.next_at)
        else:
            await self._judge_reach(conn, incident, escalation, now)
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)

    async def _judge_reach(self, conn: Connection, incident: Incident, escalation: Escalation, now: datetime) -> None:
        """Those whom no provider would take a page for are named in the room, with their numbers."""
        loop, step = escalation.ladder.last
        ladder_pages = await pages.of_step(conn, incident.id, escalation.run, loop, step)
        call_pages = [
            page
            for page in await pages.of_incident(conn, incident.id)
            if page.run == escalation.run and page.step == BY_HAND
        ]
        verdicts = reach(ladder_pages, now)
        everybody = verdicts | reach(call_pages, now)
        await self._tell_unreached(
            conn, incident, escalation, [who for who, verdict in everybody.items() if verdict == "unreached"]
        )
        if set(verdicts.values()) == {"unreached"} and escalation.climbs_at(now):
            await self.take_step(conn, incident, escalation, due_at=now, unreached=True)
            return
        still_open = "open" in everybody.values()
        reach_by = look_again_at([*ladder_pages, *call_pages], now) if still_open else None
        await escalations.save(conn, escalation.moved_to(escalation.ladder, reach_by=reach_by))

    async def take_step(
        self,
        conn: Connection,
        incident: Incident,
        escalation: Escalation,
        *,
        due_at: datetime,
        reason: str | None = None,
        actor: Actor = TOCSIN,
        unreached: bool = False,
        silent: bool = False,
    ) -> str | None:
        """Page the next tier that has somebody in it; returns its key, None when the ladder has come to its end."""
        now = self._clock.now()
        move, made = await self._page_somebody(conn, incident, escalation, due_at, reason)
        if move.step is None:
            await self._come_to_the_end(conn, incident, escalation, move)
            return None
        moment = {"reach_by": now + REACH_WITHIN, "last_step_at": now, "snoozed_until": None}
        await escalations.save(conn, escalation.moved_to(move.ladder, last_tier=move.step.tier, **moment))
        if incident.room_id:
            await self._rooms.invite(conn, incident, list(dict.fromkeys(page.person for page in made)))
        # The first step of all is told by the declaration itself.
        if silent or (escalation.loop, escalation.step) != (0, 0):
            tier = tier_of(escalation.policy, move.step.tier)
            why = reason or ""
            await self.tell_step(conn, incident, tier.name, made, actor, why, unreached=unreached, silent=silent)
        return move.step.tier

    async def _page_somebody(
        self, conn: Connection, incident: Incident, escalation: Escalation, due_at: datetime, reason: str | None
    ) -> tuple[Climb, list[Page]]:
        """The step that is taken, and its pages; tiers in which nobody can be paged are passed over at once."""
        now = self._clock.now()
        move = climb(escalation.ladder, now)
        while move.step:
            if made := await self._page_tier(conn, incident, move, due_at, reason):
                return move, made
            tier = tier_of(escalation.policy, move.step.tier)
            words = f"{tier.name} was passed over: nobody there can be paged"
            await incidents.write(conn, incident.id, "system", words, actor=TOCSIN.name, at=now)
            move = climb(move.ladder, now)
        return move, []

    async def _come_to_the_end(self, conn: Connection, incident: Incident, escalation: Escalation, move: Climb) -> None:
        """Who escalates by hand past the last tier changes nothing; a ladder that climbs by itself says so."""
        if escalation.state != "climbing":
            await escalations.save(conn, escalation.moved_to(escalation.ladder))
            return
        await self._exhausted(conn, incident, escalation.moved_to(move.ladder, reach_by=None))

    async def _page_tier(
        self, conn: Connection, incident: Incident, move: Climb, due_at: datetime, reason: str | None
    ) -> list[Page]:
        assert move.step is not None
        tier = tier_of(move.ladder.policy, move.step.tier)
        people = await self._people.on_call_in(conn, tier, self._clock.now())
        if incident.is_acknowledged:
            acknowledged = await self._acknowledged(conn, incident)
            people = [who for who in people if who not in acknowledged]
        turn = Turn(move.ladder.run, move.loop, move.index, tier.key, due_at, reason)
        return await self._paging.make(conn, incident, turn, people, tier.via)

    async def _acknowledged(self, conn: Connection, incident: Incident) -> set[str]:
        """Everybody who has, since the incident was declared or reopened."""
        names: set[str] = set()
        for entry in await incidents.timeline(conn, incident.id):
            if entry.kind == "acknowledged":
                names.add(entry.actor)
            elif entry.kind == "reopened":
                names.clear()
        return names

    async def tell_step(
        self,
        conn: Connection,
        incident: Incident,
        tier: str | None,
        made: list[Page],
        actor: Actor,
        why: str,
        *,
        unreached: bool = False,
        silent: bool = False,
    ) -> None:
        people = list(dict.fromkeys(page.person for page in made))
        names = ", ".join(self._people.display_name(person) for person in people)
        words = f"{tier}: {names}" if tier else names
        text = f"{words} ({why})" if why else words
        await incidents.write(conn, incident.id, "escalated", text, actor=actor.name, at=self._clock.now())
        facts = {"tier": tier, "people": people, "actor": actor.name, "why": why, "late": any(p.late for p in made)}
        facts |= {"acknowledged": incident.is_acknowledged, "unreached": unreached, "silent": silent}
        await self._posts.in_room(conn, incident.id, "escalated", **facts)

    async def _tell_unreached(
        self, conn: Connection, incident: Incident, escalation: Escalation, people: list[str]
    ) -> None:
        for key in people:
            person = self._people.person(key)
            name = self._people.display_name(key)
            line = f"{name} was not reached: no page got through"
            once = f"unreached {escalation.run} {key}"
            if await incidents.write(
                conn, incident.id, "page_failed", line, actor=TOCSIN.name, at=self._clock.now(), key=once
            ):
                await self._posts.in_room(conn, incident.id, "unreached", name=name, person=person)

    async def _exhausted(self, conn: Connection, incident: Incident, escalation: Escalation) -> None:
        await escalations.save(conn, escalation)
        once = f"nobody answered {escalation.run}"
        run = [page for page in await pages.of_incident(conn, incident.id) if page.run == escalation.run]
        paged = any(page.is_accepted for page in run)
        words = "Nobody answered: every tier has been paged" if paged else "Nobody could be paged"
        now = self._clock.now()
        if await incidents.write(conn, incident.id, "system", words, actor=TOCSIN.name, at=now, key=once):
            await self._posts.in_room(conn, incident.id, "nobody_answered", incident=incident, paged=paged)
