"""Does what people ask by telephone: a text that comes back, a key that is pressed."""

from collections.abc import Mapping
from typing import Any

from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page
from bot.domain.telephone.reply import reply_of
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.incidents.cards import IncidentCards
from bot.services.paging.escalations import Escalations
from bot.services.people.people import People
from bot.services.telephone.book import TelephoneBook
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.telephone import telephone

ACKNOWLEDGE, ESCALATE = "1", "2"


class Replies:
    """Returns what is answered, as TwiML. Whoever asks is the person that was paged."""

    def __init__(
        self,
        db: Database,
        runbook: Runbook,
        people: People,
        escalations: Escalations,
        incident_cards: IncidentCards,
        book: TelephoneBook,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._runbook = runbook
        self._people = people
        self._escalations = escalations
        self._incident_cards = incident_cards
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

    async def asked(self, page: Page, action: str, *, repeat: bool = False) -> str:
        """What is said to somebody who picks up. `action` is where keys go; `repeat`: this may be the second call."""
        standing = await self._incident_cards.standing_now(page.incident_id)
        incident = standing.incident
        if not incident.is_open:
            return self.spoken("resolved", incident=incident)
        if standing.overtaken(page) == "reopened" and not incident.is_acknowledged:
            return self.spoken("reopened", incident=incident)
        if answered := standing.answer_to(page):
            return self.spoken("answered", incident=incident, who=self._people.known_name(answered.actor))
        return self._rendering.say(
            "twiml/call", page=page, incident=incident, repeat=repeat,
            severity=self._runbook.severity_as_declared(incident.severity),
            tier=self._runbook.tiers.get(page.tier or ""), organisation=self._runbook.organisation,
            digits=f"{action}?seen={standing.escalation.ladder.position}",
        )  # fmt: skip

    async def pressed(self, page: Page, key: str, *, seen: str | None) -> str | None:
        """What is said to a key; None: it means nothing. `seen` is the ladder's position that it was offered for."""
        actor = self._actor(page.person)
        try:
            if key == ACKNOWLEDGE:
                incident = await self._escalations.acknowledge(actor, page.incident_id, paged_at=page.due_at)
                return self.spoken("acknowledged", incident=incident)
            if key == ESCALATE:
                paged = await self._escalations.escalate(actor, page.incident_id, seen=seen, paged_at=page.due_at)
                tier = self._runbook.tiers.get(paged)
                return self.spoken("escalated", tier=tier.name if tier else "The next tier")
        except Refused as refusal:
            return self.spoken("refused", why=_plain(refusal))
        return None

    def written(self, what: str, **facts: Any) -> str:
        """An answer to a text."""
        words = self._rendering.say("telephone/reply", **{"what": what, "waiting": [], **facts})
        return self._rendering.say("twiml/reply", words=words)

    def spoken(self, what: str, **facts: Any) -> str:
        return self._rendering.say("twiml/said", words=self._rendering.say("telephone/spoken", what=what, **facts))

    async def _acknowledge(self, phone: str, ref: str | None) -> str:
        """The incident of the newest page to this number, or the one that is named."""
        async with self._db.transaction() as conn:
            received = await telephone.pages_to(conn, phone)
            known = {page.incident_id: await incidents.get(conn, page.incident_id) for page in received}
        page = next((page for page in received if ref in (None, known[page.incident_id].ref)), None)
        if page is None:
            is_known = any(person.phone == phone for person in self._runbook.people.values())
            return self.written("no page" if is_known else "unknown", ref=ref)
        waiting = _waiting(known, but=page.incident_id)
        try:
            incident = await self._escalations.acknowledge(
                self._actor(page.person), page.incident_id, paged_at=page.due_at
            )
        except Refused as refusal:
            return self.written("refused", why=_plain(refusal), waiting=waiting)
        return self.written("acknowledged", incident=incident, waiting=waiting)

    def _actor(self, person: str) -> Actor:
        return Actor(person, self._people.known_account(person))


def _waiting(known: Mapping[int, Incident], *, but: int) -> list[str]:
    """What else this telephone was paged for, and nobody has acknowledged."""
    return [one.ref for one in known.values() if one.id != but and one.is_open and not one.is_acknowledged]


def _plain(refusal: Refused) -> str:
    """Written for Slack, where commands stand between backquotes."""
    return str(refusal).replace("`", "")
