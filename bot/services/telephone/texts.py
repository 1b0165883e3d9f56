"""Carries out what people ask for in texts they send us."""

from collections.abc import Mapping
from typing import Any

from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.telephone.reply import reply_of
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.paging.acknowledgements import Acknowledgements
from bot.services.people.people import People
from bot.services.telephone.book import TelephoneBook, who_answers
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.telephone import telephone

# The way by which these replies acknowledge.
TEXT = "sms"


class TextReplies:
    """Returns replies as TwiML, Twilio's markup. Acts as the person who was paged, or who has their number by now."""

    def __init__(
        self,
        db: Database,
        runbook: Runbook,
        people: People,
        acknowledgements: Acknowledgements,
        book: TelephoneBook,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._runbook = runbook
        self._people = people
        self._acknowledgements = acknowledgements
        self._book = book
        self._rendering = rendering

    async def texted(self, phone: str, text: str) -> str:
        """Handle a text sent to our number, and return the reply. Idempotent."""
        reply = reply_of(text)
        if reply.wish == "stop":
            await self._book.stop(phone)
            # The carrier has confirmed STOP itself, and takes no more texts to this number.
            return self._rendering.say("twiml/reply", words="")
        if reply.wish == "start":
            await self._book.start(phone)
            return self.written("started")
        if reply.wish == "acknowledge":
            return await self._acknowledge(phone, reply.ref)
        return self.written("help")

    def written(self, what: str, **facts: Any) -> str:
        """A reply in these words, as TwiML."""
        words = self._rendering.say("telephone/reply", **{"what": what, "waiting": [], **facts})
        return self._rendering.say("twiml/reply", words=words)

    async def _acknowledge(self, phone: str, ref: str | None) -> str:
        """Acknowledge the incident named, otherwise that of the newest page to this number.

        A text may also answer a call, but not one that tests whether calls arrive.
        """
        async with self._db.transaction() as conn:
            received = await telephone.pages_to(conn, phone)
            known = {page.incident_id: await incidents.get(conn, page.incident_id) for page in received}
        known = {number: incident for number, incident in known.items() if incident.confirms in (None, TEXT)}
        received = [page for page in received if page.incident_id in known]
        page = next((page for page in received if ref in (None, known[page.incident_id].ref)), None)
        if page is None:
            is_known = any(person.phone == phone for person in self._runbook.people.values())
            return self.written("no page" if is_known else "unknown", ref=ref)
        waiting, who = _waiting(known, but=page.incident_id), who_answers(self._runbook, page)
        try:
            incident = await self._acknowledgements.acknowledge(
                Actor(who, self._people.known_account(who)), page.incident_id, paged_at=page.due_at, by=TEXT
            )
        except Refused as refusal:
            return self.written("refused", why=refusal.plain, waiting=waiting)
        # With a shared number, the reply says under whose name it was recorded.
        is_shared = sum(one.phone == phone for one in self._runbook.people.values()) > 1 or who != page.person
        return self.written("acknowledged", incident=incident, waiting=waiting, person=who, is_shared=is_shared)


def _waiting(known: Mapping[int, Incident], *, but: int) -> list[str]:
    """Refs of other incidents this number was paged for that are open and not acknowledged."""
    return [one.ref for one in known.values() if one.id != but and one.is_open and not one.is_acknowledged]
