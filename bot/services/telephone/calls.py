"""What a call says to whoever picks up, and what the keys they press do."""

from typing import Any

from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.paging.page import Page
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.paging.acknowledgements import Acknowledgements
from bot.services.paging.escalations import Escalations
from bot.services.paging.standings import Standings
from bot.services.people.people import People
from bot.services.telephone.book import who_answers

ACKNOWLEDGE, ESCALATE = "1", "2"


class CallReplies:
    """Returns TwiML, Twilio's markup. Acts as the person who was paged, or who has their number by now."""

    def __init__(
        self,
        runbook: Runbook,
        people: People,
        acknowledgements: Acknowledgements,
        escalations: Escalations,
        standings: Standings,
        rendering: Rendering,
    ) -> None:
        self._runbook = runbook
        self._people = people
        self._acknowledgements = acknowledgements
        self._escalations = escalations
        self._standings = standings
        self._rendering = rendering

    async def asked(self, page: Page, action: str, *, repeat: bool = False) -> str:
        """What the call says when picked up. `action`: the URL that gets keys; `repeat`: it may be a repeated call."""
        standing = await self._standings.now(page.incident_id)
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
        """Do what the key says, and return the reply; None: the key has no meaning.

        `seen`: the ladder's position when the call offered the key.
        """
        who = who_answers(self._runbook, page)
        actor = Actor(who, self._people.known_account(who))
        try:
            if key == ACKNOWLEDGE:
                incident = await self._acknowledgements.acknowledge(
                    actor, page.incident_id, paged_at=page.due_at, by="voice"
                )
                return self.spoken("acknowledged", incident=incident)
            if key == ESCALATE:
                paged = await self._escalations.escalate(actor, page.incident_id, seen=seen, paged_at=page.due_at)
                tier = self._runbook.tiers.get(paged)
                return self.spoken("escalated", tier=tier.name if tier else "The next tier")
        except Refused as refusal:
            return self.spoken("refused", why=refusal.plain)
        return None

    def spoken(self, what: str, **facts: Any) -> str:
        return self._rendering.say("twiml/said", words=self._rendering.say("telephone/spoken", what=what, **facts))
