"""Records what a provider reports about a page on its own: that it arrived, or never will."""

import logging

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.errors import NotFound
from bot.domain.paging.page import UNSETTLED, Page
from bot.domain.telephone.report import ProviderReport, news
from bot.rendering import Rendering
from bot.services.paging.outcomes import PageOutcomes
from bot.services.people.people import People
from bot.services.rooms.cards import Cards
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.paging import escalations, pages
from bot.store.pipelined import Connection

log = logging.getLogger(__name__)


class PageReports:
    """Reports may be duplicated, late, out of order, or ahead of our own record of the page."""

    def __init__(
        self, db: Database, clock: Clock, people: People, outcomes: PageOutcomes, cards: Cards, rendering: Rendering
    ) -> None:
        self._db = db
        self._clock = clock
        self._people = people
        self._outcomes = outcomes
        self._cards = cards
        self._rendering = rendering

    async def page(self, key: str) -> Page:
        """The page known to outsiders by this key. Raises NotFound."""
        async with self._db.transaction() as conn:
            return await self._find(conn, key)

    async def reported(self, key: str, reference: str, word: str, code: str = "") -> None:
        """Record that the provider says `word` about the text or call `reference`. Raises NotFound for a page that
        never was."""
        async with self._db.transaction() as conn:
            page = await self._find(conn, key)
            # Lock the incident first, as in every deed, so that two writers queue up instead of deadlocking.
            await incidents.lock(conn, page.incident_id)
            page = await pages.get(conn, page.id)
            if page.state in UNSETTLED:
                # Any report proves that it was accepted; the sender may have died before recording that.
                await self._outcomes.accepted(conn, [(page, reference)])
                page = await pages.get(conn, page.id)
            report = news(page.reported, word)
            if report and not self._is_of_another_attempt(page, reference, report):
                await self._write(conn, page, report, code)
            await self._cards.touch(conn, f"incident:{page.incident_id}", incident=page.incident_id)

    async def _find(self, conn: Connection, key: str) -> Page:
        number, _, _ = key.partition(".")
        page = await pages.find(conn, int(number)) if number.isdecimal() and len(number) < 18 else None
        if page is None or page.key != key:
            raise NotFound("There is no such page.")
        return page

    def _is_of_another_attempt(self, page: Page, reference: str, report: ProviderReport) -> bool:
        """Whether the report is to be ignored: of a page sent twice, one arrival is enough, and only the recorded
        attempt can fail."""
        return page.reference != reference and report.meaning != "delivered"

    async def _write(self, conn: Connection, page: Page, report: ProviderReport, code: str) -> None:
        why = f"{report.words} (error {code})" if code else report.words
        now = self._clock.now()
        log.info("page=%s via=%s reported=%s", page.id, page.via, report.word)
        match report.meaning:
            case "delivered":
                await pages.report(conn, page.id, report.word, now=now, state="delivered", error=None)
                await self._tell(conn, page, "paged", "documents/page_delivered", "")
            case "failed" if page.is_accepted:
                # The person counted as reached; judge again whether anybody in the tier still is.
                await escalations.look_again(conn, page.incident_id, now)
                await pages.report(conn, page.id, report.word, now=now, state="refused", error=why)
                await self._tell(conn, page, "page_failed", "documents/page_failed", why)
            case "unanswered":
                await pages.report(conn, page.id, report.word, now=now, state=page.state, error=why)
            case _:
                await pages.report(conn, page.id, report.word, now=now, state=page.state, error=page.error)

    async def _tell(self, conn: Connection, page: Page, kind: str, template: str, error: str) -> None:
        person = self._people.known_name(page.person)
        words = self._rendering.say(template, page=page, person=person, error=error)
        once = f"page {page.id} {kind} by report"
        await incidents.write(conn, page.incident_id, kind, words, actor=TOCSIN.name, at=self._clock.now(), key=once)
