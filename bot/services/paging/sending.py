"""Sends pages: each is checked when its attempt begins, and once more right before its first byte."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.clock import Clock
from bot.domain.errors import Rejected, Unreachable
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import LATE_AFTER, Policy
from bot.domain.paging.page import Page, Via
from bot.domain.paging.timed_ways import after_snooze, missed_its_hours
from bot.pagers import PageCall, Pager, Remembering, way_name
from bot.runbook import Person
from bot.services.outbox.batching import Batching
from bot.services.outbox.kinds import DeliveryKind, Ended, NoLongerWanted, NotSetUp, Outcome, PutOff
from bot.services.outbox.precedence import Precedence
from bot.services.paging.cancelled import Cancelled
from bot.services.paging.last_look import BecameLate, LastLook, Moment, Snoozed
from bot.services.paging.outcomes import PageOutcomes
from bot.services.paging.policies import person_of
from bot.services.people.people import People
from bot.services.rooms.in_doubt import DONE_WITHIN
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.paging import escalations, pages, unconfirmed
from bot.store.pipelined import Connection
from bot.wire.http_client import at_leaving, must_not_be_over

# Pages covered by one check of whether they are still wanted; the last leaves a few milliseconds after it.
ABREAST = 16
# A page made this recently is not checked again: the deed that made it knew that it was wanted.
JUST_MADE = timedelta(milliseconds=250)


@dataclass(frozen=True)
class Leaving:
    """A page about to leave. `is_wanted` False: paging has stopped. `snoozed_until`: not before that."""

    page: Page
    incident: Incident
    is_wanted: bool = True
    snoozed_until: datetime | None = None


class Departures(DeliveryKind[str | None]):
    """Deliveries of kind `page`."""

    batch = 32

    def __init__(
        self,
        db: Database,
        clock: Clock,
        people: People,
        pagers: Mapping[Via, Pager],
        precedence: Precedence,
        outcomes: PageOutcomes,
    ) -> None:
        self.cancelled = Cancelled()
        self._db = db
        self._clock = clock
        self._people = people
        self._pagers = pagers
        self._precedence = precedence
        self._outcomes = outcomes
        self._last_look = LastLook(db, clock, self.cancelled)
        self._attempts = Batching(self._attempt, limit=ABREAST)

    async def send(self, delivery: Delivery) -> str | None:
        must_not_be_over()
        known_at, made_ago = self._clock.elapsed(), self._clock.now() - delivery.created_at
        leaving = self._just_made(delivery, made_ago)
        if leaving:
            known_at -= made_ago
        else:
            leaving = await self._attempts.ask(delivery)
        page, incident = leaving.page, leaving.incident
        person = await self._promised(page)
        call = PageCall(page, incident, person, delivery.unsure)
        if not leaving.is_wanted:
            return await self._earlier(call)
        await self._must_be_in_its_hours(delivery, page)
        try:
            # Even while snoozed: an earlier attempt that may have been accepted has to be looked for.
            if leaving.snoozed_until and not delivery.unsure:
                raise Snoozed(leaving.snoozed_until)
            return await self._leave(call, Moment(delivery, page, known_at, leaving.snoozed_until))
        except NoLongerWanted as reason:
            raise await self._called_off(call, str(reason)) from reason
        except Snoozed as snoozed:
            policy = await self._policy(page)
            raise PutOff(str(snoozed), after_snooze(page, policy, snoozed.until)) from snoozed

    async def late(self, page_id: int) -> str | None:
        """The reference of an attempt carried out after the page had been refused, given up or cancelled.

        None: none was, as far as the provider can be asked. Raises a Failed.
        """
        async with self._db.statement() as conn:
            page = await pages.get(conn, page_id)
            incident = await incidents.get(conn, page.incident_id)
        pager = self._pager(page.via)
        if page.is_accepted or not isinstance(pager, Remembering):
            return None
        return await pager.earlier(PageCall(page, incident, await self._promised(page), unsure=True))

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str | None]) -> None:
        await self.all_recorded(conn, [(delivery, outcome)])

    async def all_recorded(self, conn: Connection, ended: Sequence[Ended]) -> None:
        await self._outcomes.record(conn, ended)

    async def held(self, conn: Connection, payloads: Sequence[Mapping[str, Any]], why: str) -> None:
        await self._outcomes.held(conn, [int(payload["page"]) for payload in payloads], why)

    async def _leave(self, call: PageCall, moment: Moment) -> str:
        try:
            return await self._hand_over(call, moment)
        except BecameLate:
            async with self._db.statement() as conn:
                await pages.note_late(conn, call.page.id)
            late = replace(call.page, late=True)
            return await self._hand_over(replace(call, page=late), replace(moment, page=late))

    async def _hand_over(self, call: PageCall, moment: Moment) -> str:
        has_left = partial(self._precedence.has_left, moment.delivery.id)
        leaves = partial(at_leaving, has_left, partial(self._last_look.look, moment))
        return await self._pager(call.page.via).page(replace(call, leaves=leaves))

    async def _must_be_in_its_hours(self, delivery: Delivery, page: Page) -> None:
        """Raise PutOff for a page that fell due in working hours and would leave after them (we were down): wake
        nobody."""
        if page.planned_at is None or not page.late or page.attempts > 1 or delivery.unsure:
            return
        if until := missed_its_hours(page, await self._policy(page), self._clock.now()):
            raise PutOff("its working hours were over before it could be sent", until)

    async def _promised(self, page: Page) -> Person:
        """The person as the runbook has them, if this way reaches them there; else as the page's ladder has them.
        Raises Rejected if neither does."""
        person = self._people.person(page.person)
        if person and self._pager(page.via).contact(person) is not None:
            return person
        if found := person_of(await self._policy(page), page.person) or person:
            self._people.remember([found])
            return found
        raise Rejected("neither the runbook nor the incident's ladder knows how to reach this person")

    async def _policy(self, page: Page) -> Policy:
        async with self._db.statement() as conn:
            return (await escalations.get(conn, page.incident_id)).policy

    def _just_made(self, delivery: Delivery, made_ago: timedelta) -> Leaving | None:
        """What this process made a moment ago; its deed has counted the attempt and checked that it is wanted. Else
        None."""
        known = delivery.known
        if made_ago >= JUST_MADE or not isinstance(known, Leaving):
            return None
        return known if known.page.id == delivery.payload["page"] else None

    async def _attempt(self, deliveries: Sequence[Delivery]) -> list[Leaving]:
        """Count the attempts right before the pages leave; each with its incident and whether it is still wanted."""
        by_page = {int(delivery.payload["page"]): delivery for delivery in deliveries}
        async with self._db.statement() as conn:
            now = self._clock.now()
            wanted = await pages.attempted(conn, by_page, now, late_before=now - LATE_AFTER)
            others = await pages.get_all(conn, list(by_page.keys() - wanted)) if len(wanted) < len(by_page) else {}
            made = {number: page for number, (page, _) in wanted.items()} | others
            snoozes = {number: until for number, (_, until) in wanted.items()}
            about = await incidents.get_all(conn, [page.incident_id for page in made.values()])
        return [
            Leaving(made[number], about[made[number].incident_id], number in wanted, snoozes.get(number))
            for number in by_page
        ]

    async def _earlier(self, call: PageCall) -> str:
        """The page was cancelled: look for an earlier attempt that may have been accepted unheard, for its message has
        to show the answer. Raises Unreachable if the page is wanted but our claim is lost."""
        if call.page.state == "waiting":
            raise Unreachable("it is in somebody else's hands")
        pager = self._pager(call.page.via)
        found = await pager.earlier(call) if call.unsure and isinstance(pager, Remembering) else None
        if found is None:
            raise await self._called_off(call, "cancelled before it was sent")
        return found

    async def _called_off(self, call: PageCall, why: str) -> NoLongerWanted | PutOff:
        """How a page that is no longer wanted ends: at once, or, where an unanswered attempt may still be carried out
        and the provider can be asked, after one more look."""
        if not call.unsure or not isinstance(self._pager(call.page.via), Remembering):
            return NoLongerWanted(why, unsure=call.unsure)
        now = self._clock.now()
        async with self._db.statement() as conn:
            since = await unconfirmed.begin(conn, call.page.id, now)
        if now - since < DONE_WITHIN:
            return PutOff("it may have been sent before, and is looked for once more", since + DONE_WITHIN)
        return NoLongerWanted(why)

    def _pager(self, via: Via) -> Pager:
        if pager := self._pagers.get(via):
            return pager
        raise NotSetUp(way_name(via))
