"""On call: covers, requests for cover, handover messages, calendars."""

from functools import cached_property

from bot.services.paging.calendars import Calendars
from bot.services.paging.cover_cards import CoverCards, CoverTaken
from bot.services.paging.cover_requests import CoverRequests
from bot.services.paging.handover_messages import HandoverMessages
from bot.services.paging.handovers import Handovers
from bot.services.paging.night_pages import NightPages
from bot.services.paging.shift_messages import ShiftMessages
from bot.services.paging.shift_news import ShiftNews
from bot.services.paging.shift_reminders import ShiftReminders
from bot.services.paging.simulations import Simulations
from bot.services.people.covers import Covers
from bot.services.people.forgetting import Forgetting
from bot.services.wiring.paging import Paging


class OnCall(Paging):
    """The services of this part."""

    @cached_property
    def covers(self) -> Covers:
        return Covers(self.db, self.clock, self.runbook, self.people, self.permissions)

    @cached_property
    def forgetting(self) -> Forgetting:
        return Forgetting(self.db, self.clock, self.runbook)

    @cached_property
    def cover_requests(self) -> CoverRequests:
        return CoverRequests(self.db, self.clock, self.covers, self.people, self.cards, self.outbox)

    @cached_property
    def cover_cards(self) -> CoverCards:
        return CoverCards(self.clock, self.runbook, self.channels, self.cards, self.rendering)

    @cached_property
    def shift_messages(self) -> ShiftMessages:
        return ShiftMessages(self.db, self.people, self.channels, self.outbox, self.gateway)

    @cached_property
    def shift_news(self) -> ShiftNews:
        return ShiftNews(self.db, self.clock, self.runbook, self.people, self.shift_messages, self.rendering)

    @cached_property
    def cover_taken(self) -> CoverTaken:
        return CoverTaken(self.db, self.shift_messages, self.rendering)

    @cached_property
    def calendars(self) -> Calendars:
        public = self.settings.public_url
        return Calendars(
            self.clock, self.runbook, self.people, self.covers, self.keyring, self.rendering, public_url=public
        )

    @cached_property
    def shift_reminders(self) -> ShiftReminders:
        return ShiftReminders(self.db, self.clock, self.runbook, self.people, self.shift_messages, self.rendering)

    @cached_property
    def handovers(self) -> Handovers:
        return Handovers(self.db, self.clock, self.runbook, self.people, self.outbox)

    @cached_property
    def night_pages(self) -> NightPages:
        return NightPages(self.db, self.clock, self.runbook, self.people, self.posts)

    @cached_property
    def handover_messages(self) -> HandoverMessages:
        return HandoverMessages(self.db, self.clock, self.runbook, self.people, self.shift_messages, self.rendering)

    @cached_property
    def simulations(self) -> Simulations:
        return Simulations(self.db, self.runbook, self.people, self.settings)
