"""Updates to stakeholders and clients."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from bot import publishers
from bot.domain.updates.update import Outlet
from bot.publishers import Publisher
from bot.services.updates.approvals import Approvals
from bot.services.updates.cards import UpdateCards
from bot.services.updates.compositions import Compositions
from bot.services.updates.decisions import Decisions
from bot.services.updates.following import Following
from bot.services.updates.fresh_starts import FreshStarts
from bot.services.updates.outlet_previews import OutletPreviews
from bot.services.updates.owed_cards import OwedCards
from bot.services.updates.page_writing import PageWriting
from bot.services.updates.previews import Previews
from bot.services.updates.publication_news import PublicationNews
from bot.services.updates.publications import Publications
from bot.services.updates.releases import Releases
from bot.services.updates.reminders import Reminders, ReminderSnoozes
from bot.services.updates.returns import Returns
from bot.services.updates.status_pages import StatusPages
from bot.services.updates.telling import Telling
from bot.services.updates.watches import Watches
from bot.services.updates.wording import Wordings
from bot.services.wiring.paging import Paging
from bot.words.overrides import Overrides


class Updates(Paging):
    """Audiences: wording, approvals, sending, and reminders of the next update."""

    @cached_property
    def wordings(self) -> Wordings:
        folder = Path(self.runbook.templates) if self.runbook.templates else None
        overrides = Overrides(folder, self.runbook.timezone)
        return Wordings(self.clock, self.runbook, self.people, self.rendering, overrides=overrides)

    @cached_property
    def status_pages(self) -> StatusPages:
        public_url = self.settings.public_url
        return StatusPages(self.db, self.clock, self.runbook, self.rendering, public_url=public_url)

    @cached_property
    def publishers(self) -> Mapping[Outlet, Publisher]:
        parts = publishers.PublisherParts(
            clock=self.clock, runbook=self.runbook, settings=self.settings, session=self.session,
            messenger=self.gateway, paint=self.wordings.for_slack, find_channel=self.channels.found, mail=self.mail,
            lay_out=self.wordings.for_mail,
            hooks=self.hooks, edition=self.status_pages.edition,
        )  # fmt: skip
        return publishers.on_the_shelf(parts)

    @cached_property
    def publications(self) -> Publications:
        news = PublicationNews(self.clock, self.rendering, self.posts)
        return Publications(self.db, self.clock, self.outbox, self.cards, news, self.publishers)

    @cached_property
    def page_writing(self) -> PageWriting:
        page = self.publishers["page"]
        assert isinstance(page, publishers.RenewingPublisher)
        return PageWriting(self.db, self.clock, self.runbook, self.outbox, page.renew)

    @cached_property
    def reminders(self) -> Reminders:
        return Reminders(self.db, self.clock, self.runbook, self.prompts, self.wordings, self.escalations)

    @cached_property
    def reminder_snoozes(self) -> ReminderSnoozes:
        return ReminderSnoozes(self.deeds)

    @cached_property
    def releases(self) -> Releases:
        return Releases(
            self.runbook, self.publications, self.reminders, self.permissions, self.rooms, self.cards
        )  # fmt: skip

    @cached_property
    def approvals(self) -> Approvals:
        decisions = Decisions(self.clock, self.people, self.returns, self.rendering)
        return Approvals(self.db, self.permissions, self.cards, self.releases, self.following, decisions)

    @cached_property
    def following(self) -> Following:
        return Following(self.clock, self.runbook, self.outbox, self.asks, self.posts, self.returns)

    @cached_property
    def returns(self) -> Returns:
        return Returns(self.cards, self.prompts, self.rendering)

    @cached_property
    def watches(self) -> Watches:
        return Watches(self.db, self.clock, self.runbook, self.following, self.cards, self.rendering)

    @cached_property
    def update_cards(self) -> UpdateCards:
        return UpdateCards(self.db, self.runbook, self.channels, self.permissions, self.cards, self.rendering)

    @cached_property
    def owed_cards(self) -> OwedCards:
        return OwedCards(self.runbook, self.cards, self.rendering)

    @cached_property
    def compositions(self) -> Compositions:
        return Compositions(self.db, self.wordings, self.releases, self.cards, self.posts, self.rendering)

    @cached_property
    def previews(self) -> Previews:
        return Previews(
            self.db, self.clock, self.runbook, self.permissions, self.wordings, self.publications
        )  # fmt: skip

    @cached_property
    def outlet_previews(self) -> OutletPreviews:
        return OutletPreviews(self.clock, self.publishers)

    @cached_property
    def telling(self) -> Telling:
        return Telling(self.db, self.clock, self.runbook, self.permissions, self.releases, self.rendering)

    @cached_property
    def fresh_starts(self) -> FreshStarts:
        return FreshStarts(self.db, self.clock, self.runbook, self.permissions, self.returns, self.posts)
