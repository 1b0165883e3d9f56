"""Pages somebody by calling them."""

from datetime import datetime
from functools import partial

from bot.domain.page import Via
from bot.pagers import Call, Pager, Parts
from bot.pagers.doubt import sent_once
from bot.runbook import Person
from bot.telephone import Telephone


def pager(parts: Parts) -> Pager | None:
    telephone = parts.telephone
    return VoicePager(parts, telephone) if telephone and telephone.can_call else None


class VoicePager:
    """The words are `templates/twiml/call.j2`, said when somebody picks up."""

    via: Via = "voice"

    def __init__(self, parts: Parts, telephone: Telephone) -> None:
        self._parts = parts
        self._telephone = telephone

    def contact(self, person: Person) -> str | None:
        """Nobody is reached under the number that the calls come from."""
        return person.phone if person.phone != self._telephone.sender else None

    async def page(self, call: Call) -> str:
        return await sent_once(call, self._parts.clock, look=partial(self._look, call), send=partial(self._send, call))

    async def _send(self, call: Call, *, repeat: bool) -> str:
        page, incident, runbook = call.page, call.incident, self._parts.runbook
        words = self._parts.rendering.say(
            "twiml/call", page=page, incident=incident, severity=runbook.severity_as_declared(incident.severity),
            tier=runbook.tiers.get(page.tier or ""), organisation=runbook.organisation, digits=None, repeat=repeat,
        )  # fmt: skip
        call.leaves()
        return await self._telephone.call(page.contact, words, about=page.key, repeat=repeat)

    async def _look(self, call: Call, since: datetime) -> str | None:
        """A call holds nothing of ours: it is the one to this number that no other page is known to have made."""
        for one in await self._telephone.made("Calls", call.page.contact):
            is_recent = one.made_at is None or one.made_at >= since
            if is_recent and not await self._parts.belongs_elsewhere(one.sid, call.page):
                return one.sid
        return None
