"""How an incident stands at one instant: its ladder, its pages, and who has acknowledged."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.clock import Clock
from bot.domain.incidents.deadline import Deadline, DeadlineKind
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page, by_person
from bot.runbook import Runbook
from bot.services.paging.ladder_ends import ends_of
from bot.services.paging.policies import strangers, tier_of
from bot.services.people.people import People
from bot.store.database import Database
from bot.store.incidents import standings
from bot.store.incidents.incidents import Entry
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection


@dataclass(frozen=True)
class Acknowledgement:
    """An acknowledgement since the incident was declared or last reopened."""

    actor: str
    at: datetime


@dataclass(frozen=True)
class IncidentStanding:
    """An incident with its ladder and pages, read at one instant."""

    incident: Incident
    escalation: Escalation
    pages: list[Page]
    answers: list[Acknowledgement]
    deadlines: Mapping[DeadlineKind, Deadline]
    reopened_at: datetime | None = None

    def overtaken(self, page: Page) -> Literal["reopened", "replaced"] | None:
        """Why this page no longer needs an answer: the incident was reopened after it, or a newer run of the ladder has
        paged the same person by the same way."""
        if self.reopened_at and page.due_at < self.reopened_at:
            return "reopened"
        newer = (one for one in self.pages if one.run > page.run and one.via == page.via)
        return "replaced" if any(one.person == page.person for one in newer) else None

    def answer_to(self, page: Page) -> Acknowledgement | None:
        """Who has answered this page: if the ladder climbs until resolution only its own person can, else the first
        after it."""
        own = next((one for one in self.answers if one.actor == page.person and page.due_at <= one.at), None)
        climbs_on = self.escalation.policy.stops_on == "resolved"
        first = next((one for one in self.answers if page.due_at <= one.at), None)
        return own if climbs_on else first


class Standings:
    """Reads everything in one round trip."""

    def __init__(self, db: Database, clock: Clock, runbook: Runbook, people: People) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people

    async def get(self, conn: Connection, incident_id: int) -> IncidentStanding:
        """Read it inside the caller's transaction. Raises NotFound."""
        kept = await standings.get(conn, incident_id)
        # A withdrawn acknowledgement answers nothing.
        answers = _answers(kept.answers) if kept.incident.is_acknowledged else []
        self._people.remember(strangers(kept.escalation.policy, self._runbook.people))
        reopened_at = max((entry.at for entry in kept.answers if entry.kind == "reopened"), default=None)
        return IncidentStanding(kept.incident, kept.escalation, kept.pages, answers, kept.deadlines, reopened_at)

    async def now(self, incident_id: int) -> IncidentStanding:
        async with self._db.statement() as conn:
            return await self.get(conn, incident_id)

    def facts(self, standing: IncidentStanding) -> dict[str, Any]:
        """Variables for the incident's templates."""
        incident, escalation = standing.incident, standing.escalation
        next_tier = escalation.ladder.next_tier if escalation.next_at else None
        policy = escalation.policy
        return {
            "incident": incident,
            "severity": self._runbook.severity_as_declared(incident.severity),
            "pages": standing.pages,
            "paged": by_person(standing.pages),
            "deadlines": standing.deadlines,
            "escalation": escalation,
            "tiers": {key: tier_of(policy, key) for key in policy.tiers} | self._runbook.tiers,
            "ends": ends_of(escalation, standing.pages),
            "next_tier": tier_of(policy, next_tier) if next_tier else None,
            "again_tier": tier_of(policy, escalation.last_tier or "") if escalation.again_at else None,
            "now": self._clock.now(),
        }


def _answers(entries: list[Entry]) -> list[Acknowledgement]:
    since = max((n for n, entry in enumerate(entries) if entry.kind == "reopened"), default=0)
    return [Acknowledgement(entry.actor, entry.at) for entry in entries[since:] if entry.kind == "acknowledged"]
