"""Reaches people: makes the pages of a step, sends each, and writes down what the provider said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.errors import Rejected, Unreachable
from bot.domain.escalation import is_late
from bot.domain.incident import Incident
from bot.domain.page import Page, PageState, Via
from bot.metrics import Metrics
from bot.pagers import Call, Pager, Remembering
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.cards import Cards
from bot.services.outbox import FIRST_PAGE, PAGE, Errand, NoLongerWanted, Outbox, Outcome
from bot.services.page_followups import PageFollowups
from bot.services.people import People
from bot.store import cards, escalations, incidents, pages
from bot.store.cards import Card
from bot.store.database import Database
from bot.store.outbox import Delivery
from bot.store.queries import Connection

# The ways that reach a service, which has somebody on call of its own.
SHARED: frozenset[Via] = frozenset({"pagerduty"})


@dataclass(frozen=True)
class Turn:
    """Whose turn it is: a step of the ladder, or (`step` -1) somebody called by hand.

    `by_every_way`: also for a drill, which else goes through Slack only.
    """

    run: int
    loop: int
    step: int
    tier: str | None
    due_at: datetime
    reason: str | None = None
    by_every_way: bool = False


class Pages(Errand):
    """Makes and sends pages. A page is `accepted` when its provider said so, and not before."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        people: People,
        outbox: Outbox,
        cards: Cards,
        rendering: Rendering,
        pagers: Mapping[Via, Pager],
        followups: PageFollowups,
        metrics: Metrics,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._outbox = outbox
        self._cards = cards
        self._rendering = rendering
        self._pagers = pagers
        self._followups = followups
        self._metrics = metrics
        outbox.carries("page", self)

    async def make(
        self, conn: Connection, incident: Incident, turn: Turn, people: list[str], vias: tuple[Via, ...]
    ) -> list[Page]:
        """One page per person and channel they can be reached by; empty when nobody can be.

        What reaches a service instead of a person is paged once, for the first of them.
        """
        now = self._clock.now()
        made: list[Page] = []
        for key in people:
            for via, contact in self.contacts(key, vias, drill=incident.drill and not turn.by_every_way):
                if via in SHARED and any(page.via == via for page in made):
                    continue
                page = await pages.insert(
                    conn, incident_id=incident.id, run=turn.run, loop=turn.loop, step=turn.step, tier=turn.tier,
                    person=key, via=via, contact=contact, reason=turn.reason,
                    late=is_late(turn.due_at, now), due_at=turn.due_at,
                )  # fmt: skip
                if page:
                    made.append(page)
                    priority = FIRST_PAGE if (turn.run, turn.loop, turn.step) == (1, 0, 0) else PAGE
                    await self._outbox.put(conn, "page", {"page": page.id}, priority=priority)
        return made

    def contacts(self, key: str, vias: tuple[Via, ...], *, drill: bool) -> list[tuple[Via, str]]:
        """By what this person can be reached, of the channels asked for. A rehearsal pages through Slack only."""
        person = self._people.person(key)
        if person is None:
            return []
        wanted = [via for via in vias if via in self._pagers and not (drill and via != "slack")]
        found = [(via, self._pagers[via].contact(person)) for via in wanted]
        return [(via, contact) for via, contact in found if contact is not None]

    async def cancel_waiting(self, conn: Connection, incident: Incident) -> None:
        """Nobody is called any more for this incident; the messages of those who were say so."""
        await pages.cancel_waiting(conn, incident.id)
        await self.show_again(conn, incident)

    async def show_again(self, conn: Connection, incident: Incident) -> None:
        """The messages that page people are edited in place to show how the incident stands now, and services that keep
        a state of their own are told."""
        made = await pages.of_incident(conn, incident.id)
        for page in made:
            if page.via == "slack" and page.is_accepted:
                await self._cards.touch(conn, f"page:{page.id}")
        await self._followups.put(conn, incident.id, made)

    async def send(self, delivery: Delivery) -> str | None:
        now = self._clock.now()
        if now >= delivery.lease_until:
            raise Unreachable("its lease was over before it was sent")
        async with self._db.statement() as conn:
            wanted = await pages.attempted(conn, delivery.payload["page"], delivery, now)
            page = wanted or await pages.get(conn, delivery.payload["page"])
            incident = await incidents.get(conn, page.incident_id)
        person = self._people.person(page.person)
        if person is None:
            raise Rejected("the runbook does not know this person any more")
        call = Call(page, incident, person, delivery.unsure, leaves=lambda: self._outbox.leaves(delivery))
        return await (self._pagers[page.via].page(call) if wanted else self._earlier(call))

    async def _earlier(self, call: Call) -> str:
        """It was cancelled meanwhile. What may have been accepted before, unheard, is looked for: a message that
        stands somewhere has to show the answer."""
        pager = self._pagers[call.page.via]
        found = await pager.earlier(call) if call.unsure and isinstance(pager, Remembering) else None
        if found is None:
            raise NoLongerWanted("cancelled before it was sent")
        return found

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome) -> None:
        page = await pages.get(conn, delivery.payload["page"])
        if outcome.state == "sent":
            await self.accepted(conn, page, outcome.reference)
        elif outcome.state in ("refused", "gave_up"):
            await self._lost(conn, page, outcome)
        elif outcome.error and outcome.state == "waiting":
            await pages.note_error(conn, page.id, outcome.error)
        await self._cards.touch(conn, f"incident:{page.incident_id}", incident=page.incident_id)

    async def accepted(self, conn: Connection, page: Page, reference: str | None) -> None:
        """The provider has taken it. Nothing happens when that was written down before, from a report of its own."""
        now = self._clock.now()
        # The incident, its ladder, its pages, as in every deed: two who take them the other way round wait for each
        # other. Held from here, the incident cannot get its room unseen by this page, nor this page its answer.
        incident = await incidents.lock(conn, page.incident_id)
        await escalations.look_now(conn, page.incident_id, now, accepted=page.id)
        if not await pages.settle(conn, page.id, "accepted", now=now, reference=reference):
            return
        self._metrics.page_lateness((now - page.due_at).total_seconds(), page.via)
        if page.via == "slack" and reference:
            # The message is a card from now on: edited in place when the incident moves on.
            channel, _, ts = reference.partition("/")
            await cards.save(conn, f"page:{page.id}", Card(channel, ts, digest=""))
        await self._catch_up(conn, incident, page)
        words = self._rendering.say("documents/paged", page=page, person=self._people.display_name(page.person))
        await incidents.write(
            conn, page.incident_id, "paged", words, actor=TOCSIN.name, at=now, key=f"page {page.id} accepted"
        )

    async def _catch_up(self, conn: Connection, incident: Incident, page: Page) -> None:
        """What happened while the page was on its way: its message does not show it yet, its service does not know."""
        await self._followups.put(conn, page.incident_id, [page])
        moments = (incident.room_at, incident.acknowledged_at, incident.resolved_at)
        since = page.first_attempt_at
        if page.via == "slack" and since and any(moment and moment >= since for moment in moments):
            await self._cards.touch(conn, f"page:{page.id}")

    async def _lost(self, conn: Connection, page: Page, outcome: Outcome) -> None:
        now = self._clock.now()
        state: PageState = "refused" if outcome.state == "refused" else "gave_up"
        await incidents.lock(conn, page.incident_id)
        await escalations.look_now(conn, page.incident_id, now)
        if not await pages.settle(conn, page.id, state, now=now, error=outcome.error):
            return
        words = self._rendering.say(
            "documents/page_failed", page=page, person=self._people.display_name(page.person), error=outcome.error
        )
        await incidents.write(
            conn, page.incident_id, "page_failed", words, actor=TOCSIN.name, at=now, key=f"page {page.id} lost"
        )
