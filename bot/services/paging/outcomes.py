"""What became of pages: accepted or lost. Writes it in the timeline and has the ladder judged again."""

from collections.abc import Sequence
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.paging.page import Page
from bot.metrics import Metrics
from bot.rendering import Rendering
from bot.services.outbox.kinds import Ended, Outcome
from bot.services.paging.followups import PageFollowups
from bot.services.people.people import People
from bot.services.rooms.cards import Cards
from bot.slack.gateway import Posted
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.paging import escalations, pages
from bot.store.paging.pages import ProviderAnswer
from bot.store.pipelined import Connection
from bot.store.rooms import cards
from bot.store.rooms.cards import Card


class PageOutcomes:
    """A page is `accepted` once its provider says so, and not before."""

    def __init__(
        self,
        clock: Clock,
        people: People,
        cards: Cards,
        rendering: Rendering,
        followups: PageFollowups,
        metrics: Metrics,
    ) -> None:
        self._clock = clock
        self._people = people
        self._cards = cards
        self._rendering = rendering
        self._followups = followups
        self._metrics = metrics

    async def record(self, conn: Connection, ended: Sequence[Ended]) -> None:
        """Record ended attempts, of any number of incidents, in the transaction that records their deliveries."""
        made = await pages.get_all(conn, [delivery.payload["page"] for delivery, _ in ended])
        about = [(made[delivery.payload["page"]], outcome) for delivery, outcome in ended]
        await self.accepted(conn, [(page, outcome.reference) for page, outcome in about if outcome.state == "sent"])
        await self._lost(conn, [(page, outcome) for page, outcome in about if outcome.state in ("refused", "gave_up")])
        for (delivery, _), (page, outcome) in zip(ended, about, strict=True):
            if outcome.state == "sent" and outcome.reference and page.via == "slack":
                await self._followups.look_for_others(conn, delivery, page, Posted.read(outcome.reference))
            if outcome.state in ("refused", "gave_up", "cancelled"):
                await self._followups.look_for_late(conn, delivery, page)
            if outcome.state == "cancelled":
                await pages.called_off(conn, page.id, unsure=outcome.unsure)
            if outcome.put_off and outcome.again_at:
                await self._put_off(conn, page, outcome.again_at, attempts=delivery.attempts - 1)
            if outcome.error and outcome.state == "waiting":
                was_tried = outcome.was_tried
                await pages.note_error(conn, page.id, outcome.error, unsure=outcome.unsure, was_tried=was_tried)
            await self._cards.touch(conn, f"incident:{page.incident_id}", incident=page.incident_id)

    async def _put_off(self, conn: Connection, page: Page, until: datetime, *, attempts: int) -> None:
        # A message that may exist is looked up by its due time, so keep that.
        if page.unsure:
            await pages.not_repeated(conn, page.id, attempts=attempts)
        else:
            await pages.begin_anew(conn, page.id, due_at=until, planned_at=self._clock.now(), attempts=attempts)

    async def held(self, conn: Connection, page_ids: Sequence[int], why: str) -> None:
        """Mark these pages as held; the incidents' cards say what they wait for."""
        for incident_id in sorted(await pages.hold(conn, page_ids, why, self._clock.now())):
            await self._cards.touch(conn, f"incident:{incident_id}", incident=incident_id)

    async def accepted(self, conn: Connection, taken: Sequence[tuple[Page, str | None]]) -> None:
        """Record that providers accepted these pages, each with its reference. Idempotent: a provider's own report may
        have come first."""
        if not taken:
            return
        now = self._clock.now()
        of = {page.incident_id for page, _ in taken}
        # Lock order is incidents, ladders, pages, as in every deed; any other could deadlock. While we hold the
        # incident, its room cannot open, nor an acknowledgement come in, unnoticed by the page's message.
        held = await incidents.lock_all(conn, of)
        await escalations.look_now(conn, of, now, accepted=[page.id for page, _ in taken])
        fresh = await pages.settle(
            conn, [ProviderAnswer(page, "accepted", reference) for page, reference in taken], now
        )
        for page, reference in taken:
            if page.id in fresh:
                await self._follow_up(conn, held[page.incident_id], page, reference, now)

    async def _follow_up(
        self, conn: Connection, incident: Incident, page: Page, reference: str | None, now: datetime
    ) -> None:
        self._metrics.page_lateness((now - page.due_at).total_seconds(), page.via)
        if page.via == "slack" and reference:
            # From now on the message is a card, edited in place as the incident moves on.
            posted = Posted.read(reference)
            await cards.save(conn, f"page:{page.id}", Card(posted.channel, posted.ts, digest=""))
        await self._followups.catch_up(conn, incident, page)
        words = self._rendering.say("documents/paged", page=page, person=self._people.known_name(page.person))
        await incidents.write(
            conn, incident.id, "paged", words, actor=TOCSIN.name, at=now, key=f"page {page.id} accepted"
        )

    async def came_late(self, conn: Connection, delivery: Delivery, page_id: int, reference: str) -> None:
        """Record that Slack carried out an attempt that was thought lost."""
        page = await pages.get(conn, page_id)
        await self.accepted(conn, [(page, reference)])
        await self._followups.came_late(conn, delivery, page, Posted.read(reference))
        await self._cards.touch(conn, f"incident:{page.incident_id}", incident=page.incident_id)

    async def _lost(self, conn: Connection, lost: Sequence[tuple[Page, Outcome[str | None]]]) -> None:
        if not lost:
            return
        now = self._clock.now()
        of = {page.incident_id for page, _ in lost}
        await incidents.lock_all(conn, of)
        await escalations.look_now(conn, of, now)
        said = [
            ProviderAnswer(page, "refused" if one.state == "refused" else "gave_up", error=one.error, unsure=one.unsure)
            for page, one in lost
        ]
        fresh = await pages.settle(conn, said, now)
        for page, outcome in lost:
            if page.id in fresh:
                facts = {
                    "page": fresh[page.id],
                    "person": self._people.known_name(page.person),
                    "error": outcome.error,
                }
                words, once = self._rendering.say("documents/page_failed", **facts), f"page {page.id} lost"
                await incidents.write(conn, page.incident_id, "page_failed", words, actor=TOCSIN.name, at=now, key=once)
