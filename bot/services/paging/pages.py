"""Reaches people: makes the pages of a step, sends each, and writes down what the provider said."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import Policy, is_late
from bot.domain.paging.page import Page, PageDraft, Turn, Via
from bot.metrics import Metrics
from bot.pagers import Pager, ways
from bot.rendering import Rendering
from bot.services.outbox.kinds import FIRST_PAGE, PAGE, DeliveryKind, Ended, Outcome, way_by
from bot.services.outbox.outbox import Outbox
from bot.services.paging.followups import PageFollowups
from bot.services.paging.policies import person_of
from bot.services.paging.sending import Departures, Leaving
from bot.services.people.people import People
from bot.services.rooms.cards import Cards
from bot.slack.gateway import Posted
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery, InHand
from bot.store.paging import escalations, pages
from bot.store.paging.pages import ProviderAnswer
from bot.store.pipelined import Connection
from bot.store.rooms import cards
from bot.store.rooms.cards import Card


class Pages(DeliveryKind[str | None]):
    """Makes and sends pages. A page is `accepted` when its provider said so, and not before."""

    batch = 32

    def __init__(
        self,
        clock: Clock,
        people: People,
        outbox: Outbox,
        cards: Cards,
        rendering: Rendering,
        pagers: Mapping[Via, Pager],
        departures: Departures,
        followups: PageFollowups,
        metrics: Metrics,
    ) -> None:
        self._clock = clock
        self._people = people
        self._outbox = outbox
        self._cards = cards
        self._rendering = rendering
        self._pagers = pagers
        self._followups = followups
        self._metrics = metrics
        self._departures = departures

    def drafts(
        self, incident: Incident, turn: Turn, people: Sequence[str], vias: tuple[Via, ...], policy: Policy | None = None
    ) -> list[PageDraft]:
        """One page per person and channel they can be reached by; empty when nobody can be. `policy`: of the ladder
        that promised it.

        What reaches a service instead of a person is paged once, for the first of them.
        """
        late = is_late(turn.due_at, self._clock.now())
        drafts: list[PageDraft] = []
        for key in people:
            for via, contact in self.contacts(key, vias, policy, drill=incident.drill and not turn.by_every_way):
                if ways()[via].is_shared and any(draft.via == via for draft in drafts):
                    continue
                drafts.append(PageDraft(incident, turn, key, via, contact, late))
        return drafts

    async def make(self, conn: Connection, drafts: Sequence[PageDraft]) -> None:
        """Have them sent, of any number of incidents; by this process right after the commit, when it can."""
        count = Counter(_way(draft) for draft in drafts)
        at_hand = {way for way in count if self._outbox.has_places(way, count[way])}
        await self._make_now(conn, [draft for draft in drafts if _way(draft) in at_hand])
        for page in await pages.insert(conn, [draft for draft in drafts if _way(draft) not in at_hand]):
            await self._outbox.put(conn, "page", _payload(page), priority=_urgency(page), way=_way(page))

    async def _make_now(self, conn: Connection, drafts: Sequence[PageDraft]) -> None:
        if not drafts:
            return
        about = {draft.incident.id: draft.incident for draft in drafts}
        made = await pages.insert(conn, drafts, attempted_at=self._clock.now())
        known = [Leaving(page, about[page.incident_id]) for page in made]
        given = [InHand(_payload(one.page), _urgency(one.page), _way(one.page), one) for one in known]
        self._outbox.put_in_hand(conn, "page", given)

    def contacts(
        self, key: str, vias: tuple[Via, ...], policy: Policy | None = None, *, drill: bool
    ) -> list[tuple[Via, str]]:
        """By what this person can be reached, of the channels asked for: as the runbook has it now, and where that is
        by none of them, as it was when the ladder began. A rehearsal pages through Slack only."""
        wanted = [via for via in vias if via in self._pagers and not (drill and via != "slack")]
        known = [self._people.person(key), person_of(policy, key) if policy else None]
        for person in (one for one in known if one):
            found = [(via, self._pagers[via].contact(person)) for via in wanted]
            if reached := [(via, contact) for via, contact in found if contact is not None]:
                return reached
        return []

    async def cancel_waiting(self, conn: Connection, incident: Incident) -> None:
        """Nobody is called any more for this incident; the messages of those who were say so."""
        await pages.cancel_waiting(conn, incident.id, self._departures.cancelled.note)
        await self.show_again(conn, incident)

    async def show_again(self, conn: Connection, incident: Incident) -> None:
        """The messages that page people are edited in place to show how the incident stands now, and services that keep
        a state of their own are told."""
        made = await pages.of_incident(conn, incident.id)
        for page in made:
            if page.via == "slack" and page.is_accepted:
                await self._cards.touch(conn, f"page:{page.id}")
        await self._followups.put(conn, incident.id, made)

    async def send(self, delivery: Delivery) -> str | None:
        return await self._departures.send(delivery)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str | None]) -> None:
        await self.all_recorded(conn, [(delivery, outcome)])

    async def all_recorded(self, conn: Connection, ended: Sequence[Ended]) -> None:
        made = await pages.get_all(conn, [delivery.payload["page"] for delivery, _ in ended])
        about = [(made[delivery.payload["page"]], outcome) for delivery, outcome in ended]
        await self.accepted(conn, [(page, outcome.reference) for page, outcome in about if outcome.state == "sent"])
        await self._lost(conn, [(page, outcome) for page, outcome in about if outcome.state in ("refused", "gave_up")])
        for page, outcome in about:
            if outcome.error and outcome.state == "waiting":
                await pages.note_error(conn, page.id, outcome.error, unsure=outcome.unsure)
            await self._cards.touch(conn, f"incident:{page.incident_id}", incident=page.incident_id)

    async def accepted(self, conn: Connection, taken: Sequence[tuple[Page, str | None]]) -> None:
        """Providers have taken these, each with its reference. Nothing happens for one of which that was written down
        before, from a report of its own."""
        if not taken:
            return
        now = self._clock.now()
        of = {page.incident_id for page, _ in taken}
        # The incidents, their ladders, their pages, as in every deed: two who take them the other way round wait for
        # each other. Held from here, no incident can get its room unseen by its page, nor a page its answer.
        held = await incidents.lock_all(conn, of)
        await escalations.look_now(conn, of, now, accepted=[page.id for page, _ in taken])
        fresh = await pages.settle(
            conn, [ProviderAnswer(page, "accepted", reference) for page, reference in taken], now
        )
        for page, reference in taken:
            if page.id in fresh:
                await self._follow_up(conn, held[page.incident_id], page, reference, now)

    async def _follow_up(
        self, conn: Connection, incident: Incident, page: Page, reference: str | None, now: datetime
    ) -> None:
        self._metrics.page_lateness((now - page.due_at).total_seconds(), page.via)
        if page.via == "slack" and reference:
            # The message is a card from now on: edited in place when the incident moves on.
            posted = Posted.read(reference)
            await cards.save(conn, f"page:{page.id}", Card(posted.channel, posted.ts, digest=""))
        await self._catch_up(conn, incident, page)
        words = self._rendering.say("documents/paged", page=page, person=self._people.display_name(page.person))
        await incidents.write(
            conn, incident.id, "paged", words, actor=TOCSIN.name, at=now, key=f"page {page.id} accepted"
        )

    async def _catch_up(self, conn: Connection, incident: Incident, page: Page) -> None:
        """What happened while the page was on its way: its message does not show it yet, its service does not know."""
        await self._followups.put(conn, incident.id, [page])
        moments = (incident.room_at, incident.acknowledged_at, incident.resolved_at)
        since = page.first_attempt_at
        if page.via == "slack" and since and any(moment and moment >= since for moment in moments):
            await self._cards.touch(conn, f"page:{page.id}")

    async def _lost(self, conn: Connection, lost: Sequence[tuple[Page, Outcome[str | None]]]) -> None:
        if not lost:
            return
        now = self._clock.now()
        of = {page.incident_id for page, _ in lost}
        await incidents.lock_all(conn, of)
        await escalations.look_now(conn, of, now)
        said = [
            ProviderAnswer(page, "refused" if one.state == "refused" else "gave_up", error=one.error)
            for page, one in lost
        ]
        fresh = await pages.settle(conn, said, now)
        for page, outcome in lost:
            if page.id in fresh:
                facts = {"page": page, "person": self._people.display_name(page.person), "error": outcome.error}
                words, once = self._rendering.say("documents/page_failed", **facts), f"page {page.id} lost"
                await incidents.write(conn, page.incident_id, "page_failed", words, actor=TOCSIN.name, at=now, key=once)


def _payload(page: Page) -> dict[str, int]:
    return {"page": page.id}


def _way(page: Page | PageDraft) -> str:
    return way_by(page.via, page.contact)


def _urgency(page: Page) -> int:
    return FIRST_PAGE if (page.run, page.loop, page.step) == (1, 0, 0) else PAGE
