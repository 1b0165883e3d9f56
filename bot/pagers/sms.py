"""Pages a person by text message."""

import re
from datetime import datetime, timedelta
from functools import partial

from bot.domain.errors import Rejected
from bot.domain.paging.page import Via
from bot.pagers import PageCall, Pager, PagerParts, Way
from bot.pagers._unconfirmed import sent_once
from bot.runbook import Person
from bot.wire.telephone import Telephone, must_be_all, segments

# The title is shortened until the text fits into this many SMS segments.
SEGMENTS = 3
TITLE_LENGTHS = (120, 80, 50, 30)
REASON_LENGTH = 80
# How much earlier than the time in question we start reading sent texts. The page's mark identifies ours, not the time.
WINDOW = timedelta(days=1)

WAY = Way(
    "SMS", ("phone",), "no phone number", "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM",
    lambda settings: settings.twilio,
)  # fmt: skip


def pager(parts: PagerParts) -> Pager | None:
    return SmsPager(parts, parts.telephone) if parts.telephone else None


class SmsPager:
    """The text is `templates/page/sms.j2`. It ends with the page's mark, by which the text is found again."""

    via: Via = "sms"

    def __init__(self, parts: PagerParts, telephone: Telephone) -> None:
        self._parts = parts
        self._telephone = telephone

    def contact(self, person: Person) -> str | None:
        """The sender's own number can't be paged."""
        return person.phone if person.phone != self._telephone.sender else None

    async def page(self, call: PageCall) -> str:
        if await self._parts.has_stopped(call.page.contact):
            raise Rejected("this number has asked for no more texts (STOP)")
        look, send = partial(self._look, call), partial(self._send, call)
        return await sent_once(call, self._parts.clock, self._parts.unconfirmed, look=look, send=send)

    async def _send(self, call: PageCall, *, repeat: bool) -> str:
        words = await self._words(call, repeat=repeat)
        call.leaves()
        return await self._telephone.text(call.page.contact, words, about=call.page.key)

    async def _look(self, call: PageCall, since: datetime) -> str | None:
        ours = re.compile(rf"\bPage {re.escape(call.page.mark)}$")
        listed = await self._telephone.made("Messages", call.page.contact, since - WINDOW)
        if found := next((one.sid for one in listed if ours.search(one.body)), None):
            return found
        must_be_all(listed)
        return None

    async def _words(self, call: PageCall, *, repeat: bool) -> str:
        page, incident = call.page, call.incident
        severity = self._parts.runbook.severity_as_declared(incident.severity)
        link = await self._parts.acknowledge_link(page)
        words = ""
        for length in TITLE_LENGTHS:
            words = self._parts.rendering.say(
                "page/sms", page=page, incident=incident, severity=severity, title=_cut(incident.title, length),
                reason=_cut(page.reason or "", REASON_LENGTH), link=link, repeat=repeat, hears=self._telephone.hears,
            )  # fmt: skip
            if segments(words) <= SEGMENTS:
                break
        return words


def _cut(text: str, length: int) -> str:
    """Cut with three dots: an ellipsis isn't in the GSM alphabet."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 3].rstrip() + "..."
