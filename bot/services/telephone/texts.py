"""Does what people ask by a text that comes back."""

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

# The way of a page that is answered here.
TEXT = "sms"


class TextReplies:
    """Returns what is answered, as TwiML. Whoever asks is the person that was paged, or has their number by now."""

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
        """Somebody has sent a text to our number. May be asked twice."""
        reply = reply_of(text)
        if reply.wish == "stop":
            await self._book.stop(phone)
            # The telephone company has answered this itself, and takes no more texts to this number.
            return self._rendering.say("twiml/reply", words="")
        if reply.wish == "start":
            await self._book.start(phone)
            return self.written("started")
        if reply.wish == "acknowledge":
            return await self._acknowledge(phone, reply.ref)
        return self.written("help")

    def written(self, what: str, **facts: Any) -> str:
        """An answer to a text."""
        words = self._rendering.say("telephone/reply", **{"what": what, "waiting": [], **facts})
        return self._rendering.say("twiml/reply", words=words)

    async def _acknowledge(self, phone: str, ref: str | None) -> str:
        """The incident of the newest page to this number, or the one that is named.

        A text answers a call as well, unless that was made to try whether calls arrive.
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
        # Whoever of them it was: this is who the others read of.
        is_shared = sum(one.phone == phone for one in self._runbook.people.values()) > 1 or who != page.person
        return self.written("acknowledged", incident=incident, waiting=waiting, person=who, is_shared=is_shared)


def _waiting(known: Mapping[int, Incident], *, but: int) -> list[str]:
    """What else this telephone was paged for, and nobody has acknowledged."""
    return [one.ref for one in known.values() if one.id != but and one.is_open and not one.is_acknowledged]
