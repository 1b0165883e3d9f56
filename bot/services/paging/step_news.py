"""Reports a step in the timeline, the room and the card, and invites the people it pages into the room."""

from collections.abc import Sequence
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import PageDraft
from bot.rendering import Rendering
from bot.services.paging.due_steps import DueStep, StepPlan
from bot.services.people.people import People
from bot.services.rooms.cards import Cards
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store.incidents import incidents
from bot.store.pipelined import Connection


class StepNews:
    """Runs inside the transaction that takes the step."""

    def __init__(
        self, clock: Clock, people: People, rooms: Rooms, posts: Posts, cards: Cards, rendering: Rendering
    ) -> None:
        self._clock = clock
        self._people = people
        self._rooms = rooms
        self._posts = posts
        self._cards = cards
        self._rendering = rendering

    async def invite(self, conn: Connection, incident: Incident, people: Sequence[str]) -> None:
        await self._rooms.invite(conn, incident, people)

    async def show(self, conn: Connection, incident: Incident) -> None:
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)

    async def note_again(self, conn: Connection, plan: StepPlan, now: datetime) -> None:
        """Record a repeat of the step in the timeline; the room has already been told about these people."""
        incident = plan.due.incident
        if people := list(dict.fromkeys(draft.person for draft in plan.drafts)):
            facts = {"tier": plan.tier, "people": people, "round": plan.move.ladder.round}
            words = self._rendering.say("documents/paged_again", **facts)
            await incidents.write(conn, incident.id, "escalated", words, actor=TOCSIN.name, at=now)
        await self.show(conn, incident)

    async def tell(self, conn: Connection, due: DueStep, tier: str | None, drafts: Sequence[PageDraft]) -> None:
        incident, actor, why = due.incident, due.actor.name, due.reason or ""
        people = list(dict.fromkeys(draft.person for draft in drafts))
        names = ", ".join(self._people.known_name(person) for person in people)
        words = f"{tier}: {names}" if tier else names
        text = f"{words} ({why})" if why else words
        await incidents.write(conn, incident.id, "escalated", text, actor=actor, at=self._clock.now())
        facts = {"tier": tier, "people": people, "actor": actor, "why": why, "late": any(one.late for one in drafts)}
        facts |= {"acknowledged": incident.is_acknowledged, "unreached": due.unreached, "silent": due.silent}
        facts |= {"has_waited": due.has_waited}
        await self._posts.in_room(conn, incident, "escalated", **facts)
