"""Pages a person by phone call."""

from datetime import datetime, timedelta
from functools import partial

from bot.domain.errors import Unanswered
from bot.domain.paging.page import Via
from bot.pagers import PageCall, Pager, PagerParts, Way
from bot.pagers._unconfirmed import sent_once
from bot.runbook import Person
from bot.wire.telephone import WHOSE, Telephone, must_be_all

# Margin for the Date header of Twilio's answers (our measure of clock skew), and for our own clock between attempts.
INEXACT = timedelta(seconds=60)

WAY = Way(
    "call", ("phone",), "no phone number", "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and a number in TWILIO_FROM",
    lambda settings: settings.twilio and settings.twilio.can_call,
)  # fmt: skip


def pager(parts: PagerParts) -> Pager | None:
    telephone = parts.telephone
    return VoicePager(parts, telephone) if telephone and telephone.can_call else None


class VoicePager:
    """The words are `templates/twiml/call.j2`, spoken when somebody picks up."""

    via: Via = "voice"

    def __init__(self, parts: PagerParts, telephone: Telephone) -> None:
        self._parts = parts
        self._telephone = telephone

    def contact(self, person: Person) -> str | None:
        """The caller's own number can't be paged."""
        return person.phone if person.phone != self._telephone.sender else None

    async def page(self, call: PageCall) -> str:
        look, send = partial(self._look, call), partial(self._send, call)
        return await sent_once(call, self._parts.clock, self._parts.unconfirmed, look=look, send=send)

    async def _send(self, call: PageCall, *, repeat: bool) -> str:
        page, incident, runbook = call.page, call.incident, self._parts.runbook
        words = self._parts.rendering.say(
            "twiml/call", page=page, incident=incident, severity=runbook.severity_as_declared(incident.severity),
            tier=runbook.tiers.get(page.tier or ""), organisation=runbook.organisation, digits=None, repeat=repeat,
        )  # fmt: skip
        call.leaves()
        return await self._telephone.call(page.contact, words, about=page.key, repeat=repeat)

    async def _look(self, call: PageCall, since: datetime) -> str | None:
        """Find the call of an earlier attempt. A listed call carries no id of ours, so it may belong to any unconfirmed
        page to this number. It is taken for this page's only if the other pages can't account for all unknown calls."""
        page = call.page
        # The order matters: a call made after listing isn't in the list, and a rival that identifies its call takes it
        # along.
        listed = await self._telephone.made("Calls", page.contact, since - INEXACT)
        must_be_all(listed)
        rivals = await self._parts.unconfirmed.rivals(page)
        ours = [one.sid for one in listed if one.sender in ("", self._telephone.sender)]
        unknown = [sid for sid in ours if not await self._parts.belongs_elsewhere(sid, page)]
        if unknown and len(unknown) <= len(rivals):
            raise Unanswered(f"other pages to this number may have made what {WHOSE} lists")
        # Pages that look concurrently count in the same order, so each takes a different call.
        return unknown[sum(rival > page.id for rival in rivals)] if unknown else None
