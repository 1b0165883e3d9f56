"""Incidents, and the paging for them."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from bot.domain.paging.page import Via
from bot.pagers import Pager, PagerParts, on_the_shelf
from bot.scenarios import Shelf
from bot.services.incidents.breaches import Breaches
from bot.services.incidents.cards import IncidentCards
from bot.services.incidents.deadlines import Deadlines
from bot.services.incidents.declarations import Declarations
from bot.services.incidents.game_days import GameDays
from bot.services.incidents.inactivity import Inactivity
from bot.services.incidents.incidents import Incidents
from bot.services.incidents.membership import Memberships
from bot.services.incidents.notes import Notes
from bot.services.incidents.nudge_cards import NudgeCards
from bot.services.incidents.nudges import Nudges
from bot.services.incidents.responders import Responders
from bot.services.incidents.withdrawals import Withdrawals
from bot.services.paging.acknowledgements import Acknowledgements
from bot.services.paging.call_list import CallList
from bot.services.paging.confirmations import Confirmations
from bot.services.paging.contacts import Contacts
from bot.services.paging.escalations import Escalations
from bot.services.paging.followups import PageFollowups
from bot.services.paging.ladder_ends import LadderEnds
from bot.services.paging.ladder_runs import LadderRuns
from bot.services.paging.ladders import Ladders
from bot.services.paging.links import Links
from bot.services.paging.outcomes import PageOutcomes
from bot.services.paging.page_cards import PageCards
from bot.services.paging.pages import Pages
from bot.services.paging.provider_alerts import ProviderAlerts
from bot.services.paging.reaching import Reaching
from bot.services.paging.reports import PageReports
from bot.services.paging.roster import Roster
from bot.services.paging.sending import Departures
from bot.services.paging.snoozes import Snoozes
from bot.services.paging.standings import Standings
from bot.services.paging.step_news import StepNews
from bot.services.paging.step_plans import StepPlans
from bot.services.paging.steps import Steps
from bot.services.paging.test_pages import TestPages
from bot.services.paging.unconfirmed import Unconfirmed
from bot.services.rooms.announcements import Announcements
from bot.services.rooms.asks import Asks
from bot.services.rooms.closures import Closures
from bot.services.rooms.deeds import Deeds, Follower
from bot.services.rooms.public_posts import PublicPosts
from bot.services.rooms.room_files import RoomPosting
from bot.services.rooms.room_looks import RoomLooks
from bot.services.rooms.rooms import Rooms
from bot.services.rooms.timeline_files import TimelineFiles
from bot.services.telephone.book import TelephoneBook
from bot.services.telephone.calls import CallReplies
from bot.services.telephone.texts import TextReplies
from bot.services.wiring.foundation import Foundation
from bot.wire.telephone import Telephone


class Paging(Foundation):
    """Rooms, pages, ladders, schedules, and what people do with an incident."""

    @cached_property
    def rooms(self) -> Rooms:
        return Rooms(self.db, self.clock, self.runbook, self.outbox, self.cards)

    @cached_property
    def public_posts(self) -> PublicPosts:
        return PublicPosts(self.runbook, self.channels, self.posts, self.rendering)

    @cached_property
    def closures(self) -> Closures:
        announcements = Announcements(self.clock, self.runbook, self.rooms, self.posts, self.rendering)
        return Closures(self.db, self.channels, self.rooms, self.posts, announcements, self.rendering)

    @cached_property
    def room_looks(self) -> RoomLooks:
        return RoomLooks(self.db, self.clock, self.channels, self.closures)

    @cached_property
    def room_posting(self) -> RoomPosting:
        return RoomPosting(self.db, self.outbox, self.gateway, self.people, self.posts)

    @cached_property
    def timeline_files(self) -> TimelineFiles:
        return TimelineFiles(self.db, self.clock, self.room_posting, self.rendering)

    @cached_property
    def incident_cards(self) -> IncidentCards:
        return IncidentCards(self.runbook, self.channels, self.rooms, self.standings, self.cards, self.rendering)

    @cached_property
    def standings(self) -> Standings:
        return Standings(self.db, self.clock, self.runbook, self.people)

    @cached_property
    def page_cards(self) -> PageCards:
        return PageCards(self.standings, self.members, self.cards, self.rendering)

    @cached_property
    def links(self) -> Links:
        return Links(self.db, self.clock, self.keyring, public_url=self.settings.public_url)

    @cached_property
    def telephone_book(self) -> TelephoneBook:
        return TelephoneBook(self.db, self.clock, self.runbook)

    @cached_property
    def telephone(self) -> Telephone | None:
        """None: this installation neither texts nor calls."""
        twilio = self.settings.twilio
        return Telephone(twilio, self.session, self.clock, public_url=self.settings.public_url) if twilio else None

    @cached_property
    def provider_alerts(self) -> ProviderAlerts:
        return ProviderAlerts(self.db)

    @cached_property
    def pagers(self) -> Mapping[Via, Pager]:
        return on_the_shelf(
            PagerParts(
                clock=self.clock,
                runbook=self.runbook,
                rendering=self.rendering,
                messenger=self.gateway,
                paint=self.page_cards.message,
                account_of=self.people.account,
                known_account=self.people.known_account,
                acknowledge_link=self.links.link_to,
                open_alert=self.provider_alerts.open,
                unconfirmed=Unconfirmed(self.db, self.clock),
                mail=self.mail,
                session=self.session,
                settings=self.settings,
                hooks=self.hooks,
                telephone=self.telephone,
                has_stopped=self.telephone_book.has_stopped,
                belongs_elsewhere=self.telephone_book.belongs_elsewhere,
            )
        )

    @cached_property
    def page_followups(self) -> PageFollowups:
        return PageFollowups(self.db, self.clock, self.outbox, self.cards, self.pagers)

    @cached_property
    def page_outcomes(self) -> PageOutcomes:
        return PageOutcomes(self.clock, self.people, self.cards, self.rendering, self.page_followups, self.metrics)

    @cached_property
    def departures(self) -> Departures:
        return Departures(self.db, self.clock, self.people, self.pagers, self.precedence, self.page_outcomes)

    @cached_property
    def contacts(self) -> Contacts:
        return Contacts(self.clock, self.people, self.leavers, self.pagers)

    @cached_property
    def pages(self) -> Pages:
        return Pages(self.clock, self.contacts, self.outbox, self.departures.cancelled, self.page_followups)

    @cached_property
    def page_reports(self) -> PageReports:
        return PageReports(self.db, self.clock, self.people, self.page_outcomes, self.cards, self.rendering)

    @cached_property
    def reaching(self) -> Reaching:
        return Reaching(self.clock, self.people, self.members, self.posts, self.rendering)

    @cached_property
    def steps(self) -> Steps:
        plans = StepPlans(self.runbook, self.people, self.roster, self.contacts)
        news = StepNews(self.clock, self.people, self.rooms, self.posts, self.cards, self.rendering)
        return Steps(self.clock, plans, self.pages, self.ladder_ends, news)

    @cached_property
    def ladders(self) -> Ladders:
        return Ladders(self.db, self.clock, self.reaching, self.steps, self.cards, self.precedence)

    @cached_property
    def ladder_runs(self) -> LadderRuns:
        return LadderRuns(self.clock, self.roster, self.pages, self.steps, self.prompts)

    @cached_property
    def roster(self) -> Roster:
        return Roster(self.runbook, self.people, self.contacts)

    @cached_property
    def call_list(self) -> CallList:
        return CallList(self.clock, self.runbook, self.people)

    @cached_property
    def ladder_ends(self) -> LadderEnds:
        return LadderEnds(self.clock, self.prompts, self.rendering)

    @cached_property
    def followers(self) -> list[Follower]:
        """Told when an incident changes; filled once all services are built, in `Services.wired`."""
        return []

    @cached_property
    def deeds(self) -> Deeds:
        return Deeds(self.db, self.clock, self.rooms, self.members, self.followers)

    @cached_property
    def escalations(self) -> Escalations:
        return Escalations(self.clock, self.runbook, self.permissions, self.steps, self.ladder_ends, self.deeds)

    @cached_property
    def acknowledgements(self) -> Acknowledgements:
        return Acknowledgements(self.clock, self.people, self.pages, self.posts, self.cards, self.deeds)

    @cached_property
    def snoozes(self) -> Snoozes:
        return Snoozes(self.runbook, self.pages, self.posts, self.cards, self.deeds)

    @cached_property
    def incidents(self) -> Incidents:
        return Incidents(self.db, self.runbook, self.permissions, self.ladder_runs, self.posts, self.deeds)

    @cached_property
    def declarations(self) -> Declarations:
        return Declarations(self.db, self.clock, self.runbook, self.permissions, self.ladder_runs, self.deeds)

    @cached_property
    def responders(self) -> Responders:
        return Responders(self.runbook, self.people, self.acknowledgements, self.rooms, self.posts, self.deeds)

    @cached_property
    def memberships(self) -> Memberships:
        return Memberships(self.people, self.members, self.rooms, self.posts, self.deeds, self.rendering)

    @cached_property
    def notes(self) -> Notes:
        return Notes(self.deeds, self.rooms, self.posts)

    @cached_property
    def text_replies(self) -> TextReplies:
        return TextReplies(
            self.db, self.runbook, self.people, self.acknowledgements, self.telephone_book, self.rendering
        )

    @cached_property
    def call_replies(self) -> CallReplies:
        return CallReplies(
            self.runbook, self.people, self.acknowledgements, self.escalations, self.standings, self.rendering
        )

    @cached_property
    def deadlines(self) -> Deadlines:
        return Deadlines(self.db, self.clock, self.runbook, self.posts, self.cards, self.rendering)

    @cached_property
    def inactivity(self) -> Inactivity:
        withdrawals = Withdrawals(self.runbook, self.people, self.steps, self.rooms)
        return Inactivity(self.db, self.clock, self.runbook, self.posts, withdrawals)

    @cached_property
    def game_days(self) -> GameDays:
        folder = self.runbook.scenarios
        shelf = Shelf(Path(folder) if folder else None)
        return GameDays(self.db, self.clock, self.runbook, self.declarations, shelf, self.posts)

    @cached_property
    def breaches(self) -> Breaches:
        return Breaches(self.db, self.clock, self.cards, self.prompts, self.deeds, self.rendering)

    @cached_property
    def nudges(self) -> Nudges:
        return Nudges(self.db, self.clock, self.runbook, self.asks, self.deeds)

    @cached_property
    def nudge_cards(self) -> NudgeCards:
        return NudgeCards(self.clock, self.cards, self.rendering)

    @cached_property
    def asks(self) -> Asks:
        return Asks(self.cards)

    @cached_property
    def test_pages(self) -> TestPages:
        return TestPages(self.db, self.clock, self.runbook, self.ladder_runs, self.pages, self.rendering)

    @cached_property
    def confirmations(self) -> Confirmations:
        return Confirmations(self.db, self.clock, self.runbook, self.pagers.keys(), self.test_pages)
