"""What the cards of an incident show: in its room, where it is announced, and in the messages that page people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.clock import Clock
from bot.domain.incidents.deadline import Deadline, DeadlineKind
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page, by_person
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.paging.ladder_ends import ends_of
from bot.services.paging.policies import strangers, tier_of
from bot.services.people.people import People
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import no_room_yet
from bot.services.rooms.rooms import Rooms
from bot.slack.blocks import Button, Message, message
from bot.slack.gateway import Posted
from bot.store.database import Database
from bot.store.incidents import standings
from bot.store.incidents.incidents import Entry
from bot.store.paging import pages
from bot.store.paging.escalations import Escalation
from bot.store.pipelined import Connection


@dataclass(frozen=True)
class Acknowledgement:
    """An acknowledgement since the incident was declared or reopened."""

    actor: str
    at: datetime


@dataclass(frozen=True)
class IncidentStanding:
    """An incident with its ladder and its pages, as one moment shows them."""

    incident: Incident
    escalation: Escalation
    pages: list[Page]
    answers: list[Acknowledgement]
    deadlines: Mapping[DeadlineKind, Deadline]
    reopened_at: datetime | None = None

    def overtaken(self, page: Page) -> Literal["reopened", "replaced"] | None:
        """Why nobody is to answer this page any more: the incident was reopened after it, or a newer run of the ladder
        has paged the same person by the same way."""
        if self.reopened_at and page.due_at < self.reopened_at:
            return "reopened"
        newer = (one for one in self.pages if one.run > page.run and one.via == page.via)
        return "replaced" if any(one.person == page.person for one in newer) else None

    def answer_to(self, page: Page) -> Acknowledgement | None:
        """Who has answered what this page asks: its own person, or anybody unless the ladder climbs on past that."""
        own = next((one for one in self.answers if one.actor == page.person and page.due_at <= one.at), None)
        climbs_on = self.escalation.policy.stops_on == "resolved"
        first = next((one for one in self.answers if page.due_at <= one.at), None)
        return own if climbs_on else first


class IncidentCards:
    """The painters of `incident:<id>`, `announcement:<id>` and `page:<page id>`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        people: People,
        channels: Channels,
        rooms: Rooms,
        cards: Cards,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._channels = channels
        self._rooms = rooms
        self._rendering = rendering
        cards.painted_by("incident", self.paint_incident, self._begin)
        cards.painted_by("announcement", self.paint_announcement)
        cards.painted_by("page", self.paint_page)

    async def paint_incident(self, conn: Connection, subject: str) -> Painted | None:
        standing = await self.standing(conn, int(subject))
        if standing.incident.room_lost:
            return None
        words = self._rendering.say("slack/incident_card", **self.facts(standing))
        shown = message(words, card_buttons(standing))
        return Painted(standing.incident.room_id, shown, no_room_yet(standing.incident.id))

    async def paint_announcement(self, conn: Connection, subject: str) -> Painted | None:
        standing = await self.standing(conn, int(subject))
        incident = standing.incident
        words = self._rendering.say("slack/announcement", **self.facts(standing))
        join = [Button("Join", "incident.join", str(incident.id), "primary")] if incident.is_open else []
        channel = await self._channels.find(conn, self._runbook.channels.incidents)
        return Painted(channel, message(words, join))

    async def paint_page(self, conn: Connection, subject: str) -> Painted | None:
        page = await pages.get(conn, int(subject))
        standing = await self.standing(conn, page.incident_id)
        return Painted(None, self._page_message(page, standing))

    async def page_message(self, page: Page, *, repeat: bool = False) -> Message:
        """What the message of this page shows now. `repeat`: it says that it may have been sent before."""
        async with self._db.statement() as conn:
            return self._page_message(page, await self.standing(conn, page.incident_id), repeat=repeat)

    async def standing(self, conn: Connection, incident_id: int) -> IncidentStanding:
        kept = await standings.get(conn, incident_id)
        # An acknowledgement that was withdrawn answers nothing.
        answers = _answers(kept.answers) if kept.incident.is_acknowledged else []
        self._people.remember(strangers(kept.escalation.policy, self._runbook.people))
        reopened_at = max((entry.at for entry in kept.answers if entry.kind == "reopened"), default=None)
        return IncidentStanding(kept.incident, kept.escalation, kept.pages, answers, kept.deadlines, reopened_at)

    async def standing_now(self, incident_id: int) -> IncidentStanding:
        async with self._db.statement() as conn:
            return await self.standing(conn, incident_id)

    def _page_message(self, page: Page, standing: IncidentStanding, *, repeat: bool = False) -> Message:
        incident = standing.incident
        answered = standing.answer_to(page)
        repeat = repeat or page.repeated_at is not None
        overtaken = standing.overtaken(page)
        facts = self.facts(standing) | {"page": page, "repeat": repeat, "answered": answered, "overtaken": overtaken}
        is_over = answered or overtaken or not incident.is_open
        buttons = [] if is_over else [acknowledge(incident, paged_at=page.due_at), escalate(standing)]
        return message(self._rendering.say("slack/page", **facts), buttons)

    def facts(self, standing: IncidentStanding) -> dict[str, Any]:
        """What the templates of an incident are given."""
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
            "now": self._clock.now(),
        }

    async def _begin(self, conn: Connection, subject: str, posted: Posted) -> None:
        await self._rooms.begin(conn, int(subject), posted)


def _answers(entries: list[Entry]) -> list[Acknowledgement]:
    since = max((n for n, entry in enumerate(entries) if entry.kind == "reopened"), default=0)
    return [Acknowledgement(entry.actor, entry.at) for entry in entries[since:] if entry.kind == "acknowledged"]


def acknowledge(incident: Incident, *, paged_at: datetime | None = None) -> Button:
    """`paged_at`: of a page, which counts no more once the incident is reopened."""
    value = f"{incident.id} {paged_at.isoformat()}" if paged_at else str(incident.id)
    return Button("Acknowledge", "incident.acknowledge", value, "primary")


def escalate(standing: IncidentStanding) -> Button:
    """Drawn for the step that comes next: pressed by two people, it is taken once."""
    return Button("Escalate", "escalate.next", f"{standing.incident.id} {standing.escalation.ladder.position}")


def card_buttons(standing: IncidentStanding) -> list[Button]:
    incident = standing.incident
    if not incident.is_open:
        return []
    value = str(incident.id)
    buttons = [] if incident.is_acknowledged else [acknowledge(incident)]
    if not incident.lead:
        buttons.append(Button("I'll lead", "incident.lead", value))
    buttons.append(Button("Post update", "incident.update", value))
    buttons.append(escalate(standing))
    return [*buttons, Button("Resolve", "incident.resolve", value, "danger")]
