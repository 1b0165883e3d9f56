"""Makes pages, and cancels them once nobody needs to be called."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import Policy
from bot.domain.paging.page import Page, PageDraft, Turn, Via
from bot.domain.paging.timed_ways import put_off
from bot.pagers import shared_ways
from bot.services.outbox.kinds import FIRST_PAGE, PAGE, way_by
from bot.services.outbox.outbox import Outbox
from bot.services.paging.cancelled import Cancelled
from bot.services.paging.contacts import Contacts
from bot.services.paging.followups import PageFollowups
from bot.services.paging.sending import Leaving
from bot.store.outbox.outbox import InHand
from bot.store.paging import pages
from bot.store.pipelined import Connection


class Pages:
    """Each page is a delivery of kind `page`; nothing is sent inside a transaction."""

    def __init__(
        self, clock: Clock, contacts: Contacts, outbox: Outbox, cancelled: Cancelled, followups: PageFollowups
    ) -> None:
        self._clock = clock
        self._contacts = contacts
        self._outbox = outbox
        self._cancelled = cancelled
        self._followups = followups

    async def page(
        self, conn: Connection, incident: Incident, turn: Turn, people: Sequence[str], waits: Mapping[Via, timedelta]
    ) -> None:
        """Page these people, by those of these ways that the runbook has for them."""
        await self.make(conn, self._contacts.drafts(incident, turn, people, waits))

    async def make(self, conn: Connection, drafts: Sequence[PageDraft]) -> None:
        """Put the drafts in, of any number of incidents: this process sends them right after the commit if it has
        places free. A page with a later due time is left to any process."""
        await self._make_to_come(conn, [draft for draft in drafts if draft.turn.planned_at])
        drafts = [draft for draft in drafts if not draft.turn.planned_at]
        count = Counter(_way(draft) for draft in drafts)
        at_hand = {way for way in count if self._outbox.has_places(way, count[way])}
        await self._make_now(conn, [draft for draft in drafts if _way(draft) in at_hand])
        for way in sorted(count.keys() - at_hand):
            await self._make_for_later(conn, way, [draft for draft in drafts if _way(draft) == way])

    async def _make_now(self, conn: Connection, drafts: Sequence[PageDraft]) -> None:
        if not drafts:
            return
        about = {draft.incident.id: draft.incident for draft in drafts}
        made = await pages.insert(conn, drafts, attempted_at=self._clock.now())
        known = [Leaving(page, about[page.incident_id]) for page in made]
        given = [InHand(_payload(one.page), _urgency(one.page), _way(one.page), one) for one in known]
        self._outbox.put_in_hand(conn, "page", given)

    async def _make_for_later(self, conn: Connection, way: str, drafts: Sequence[PageDraft]) -> None:
        why = self._outbox.held_by(way)
        at = self._clock.now() if why else None
        for page in await pages.insert(conn, drafts, attempted_at=at, held=why):
            await self._outbox.put(conn, "page", _payload(page), priority=_urgency(page), way=way)

    async def _make_to_come(self, conn: Connection, drafts: Sequence[PageDraft]) -> None:
        for page in await pages.insert(conn, drafts) if drafts else ():
            await self._outbox.put(conn, "page", _payload(page), priority=PAGE, way=_way(page), not_before=page.due_at)

    async def cancel_waiting(self, conn: Connection, incident: Incident) -> None:
        """Cancel every page not yet sent for this incident; messages already sent show it."""
        await pages.cancel_waiting(conn, incident.id, self._cancelled.note)
        await self.show_again(conn, incident)

    async def cancel_waiting_for(self, conn: Connection, incident: Incident, person: str) -> None:
        """As `cancel_waiting`, for this person alone; pages through a shared service go on for the others."""
        note = self._cancelled.note
        await pages.cancel_waiting(conn, incident.id, note, people=[person], but_by=shared_ways())
        await self.show_again(conn, incident)

    async def put_off(self, conn: Connection, policy: Policy, made: Sequence[Page], until: datetime) -> None:
        """Send none of the pages still to come before `until`, then spaced as planned. One that is about to leave
        learns of the snooze by its last look."""
        now = self._clock.now()
        due = put_off([page for page in made if page.is_to_come(now)], until, policy)
        await pages.plan_anew(conn, due, planned_at=now)

    async def show_again(self, conn: Connection, incident: Incident) -> None:
        """Update the sent messages to the incident's current state."""
        await self._followups.show(conn, incident, await pages.of_incident(conn, incident.id))


def _payload(page: Page) -> dict[str, int]:
    return {"page": page.id}


def _way(page: Page | PageDraft) -> str:
    return way_by(page.via, page.contact)


def _urgency(page: Page) -> int:
    return FIRST_PAGE if (page.run, page.loop, page.step, page.round) == (1, 0, 0, 1) else PAGE
