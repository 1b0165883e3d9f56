"""Learning from an incident."""

from functools import cached_property
from pathlib import Path

from bot.services.incidents.archiving import Archiving
from bot.services.incidents.corrections import Corrections
from bot.services.incidents.times import Times
from bot.services.postmortems.action_cards import ActionCards
from bot.services.postmortems.action_lists import ActionLists
from bot.services.postmortems.actions import Actions
from bot.services.postmortems.canvases import PostmortemCanvases
from bot.services.postmortems.cards import PostmortemCards
from bot.services.postmortems.drafts import Drafts
from bot.services.postmortems.files import PostmortemFiles
from bot.services.postmortems.invitations import InvitationLetters, Invitations
from bot.services.postmortems.ledger import Ledger
from bot.services.postmortems.meetings import Meetings
from bot.services.postmortems.news import News
from bot.services.postmortems.obligations import Obligations
from bot.services.postmortems.postmortems import Postmortems
from bot.services.postmortems.reminders import PostmortemReminders
from bot.services.rooms.archives import LastFiles
from bot.services.rooms.export_files import ExportFiles
from bot.services.wiring.paging import Paging
from bot.words.documents import OwnDocument


class Learning(Paging):
    """Corrections and exports of the record, archiving, post-mortems and their actions."""

    @cached_property
    def corrections(self) -> Corrections:
        return Corrections(self.deeds)

    @cached_property
    def times(self) -> Times:
        return Times(self.runbook, self.cards, self.deeds)

    @cached_property
    def export_files(self) -> ExportFiles:
        return ExportFiles(self.db, self.clock, self.room_posting, self.records, self.documents)

    @cached_property
    def last_files(self) -> LastFiles:
        return LastFiles(self.db, self.clock, self.outbox, self.room_posting, self.export_files)

    @cached_property
    def archiving(self) -> Archiving:
        return Archiving(self.db, self.clock, self.runbook, self.last_files)

    @cached_property
    def postmortem_ledger(self) -> Ledger:
        return Ledger(self.runbook, self.cards, self.prompts, self.outbox, self.rendering)

    @cached_property
    def postmortem_obligations(self) -> Obligations:
        return Obligations(self.runbook, self.deeds, self.postmortem_ledger)

    @cached_property
    def postmortem_cards(self) -> PostmortemCards:
        return PostmortemCards(self.cards, self.rendering)

    @cached_property
    def postmortem_drafts(self) -> Drafts:
        folder = Path(self.runbook.templates) if self.runbook.templates else None
        own = OwnDocument(folder, self.runbook.timezone)
        return Drafts(self.db, self.clock, self.runbook, self.people, self.rendering, own)

    @cached_property
    def postmortem_files(self) -> PostmortemFiles:
        return PostmortemFiles(self.db, self.room_posting, self.deeds, self.postmortem_drafts)

    @cached_property
    def postmortem_canvases(self) -> PostmortemCanvases:
        return PostmortemCanvases(self.db, self.deeds, self.postmortem_drafts, self.outbox, self.posts, self.gateway)

    @cached_property
    def postmortem_invitations(self) -> Invitations:
        return Invitations(self.db, self.room_posting, self.review_meetings, self.invitation_letters)

    @cached_property
    def review_meetings(self) -> Meetings:
        return Meetings(self.db, self.people, self.rendering)

    @cached_property
    def invitation_letters(self) -> InvitationLetters:
        return InvitationLetters(self.outbox, self.review_meetings, self.mail)

    @cached_property
    def postmortem_reminders(self) -> PostmortemReminders:
        return PostmortemReminders(self.db, self.clock, self.runbook, self.members, self.prompts, self.posts)

    @cached_property
    def actions(self) -> Actions:
        cards = ActionCards(self.rooms, self.cards, self.prompts, self.rendering)
        return Actions(self.db, self.clock, self.runbook, cards, self.deeds)

    @cached_property
    def action_lists(self) -> ActionLists:
        return ActionLists(self.db, self.clock, self.runbook, self.channels, self.posts, self.rendering)

    @cached_property
    def postmortems(self) -> Postmortems:
        news = News(self.runbook, self.channels, self.posts, self.rendering)
        return Postmortems(
            self.db,
            self.deeds,
            self.postmortem_obligations,
            self.postmortem_ledger,
            self.postmortem_files,
            news,
            invitations=self.postmortem_invitations,
        )
