"""What people are asked to do."""

from datetime import timedelta
from functools import cached_property

from bot.services.tasks.checklist_cards import ChecklistCards
from bot.services.tasks.checklists import Checklists
from bot.services.tasks.contact_rounds import ContactRounds
from bot.services.tasks.incident_tasks import IncidentTasks
from bot.services.tasks.pace import Pace
from bot.services.tasks.proofs import Proofs
from bot.services.tasks.proving import Proving
from bot.services.tasks.recurring import RecurringTasks
from bot.services.tasks.recurring_cards import RecurringCards
from bot.services.tasks.recurring_files import RecurringFiles
from bot.services.tasks.task_cards import TaskCards
from bot.services.wiring.paging import Paging

# How often proofs of recurring work and rounds of test pages are looked at.
LOOK_EVERY = timedelta(minutes=1)


class Tasks(Paging):
    """Tasks and checklists in an incident, and recurring work."""

    @cached_property
    def incident_tasks(self) -> IncidentTasks:
        cards = TaskCards(self.rooms, self.cards, self.prompts, self.rendering)
        return IncidentTasks(self.db, self.clock, cards, self.deeds)

    @cached_property
    def checklist_cards(self) -> ChecklistCards:
        return ChecklistCards(self.people, self.cards, self.posts, self.prompts, self.rendering)

    @cached_property
    def checklists(self) -> Checklists:
        return Checklists(self.clock, self.runbook, self.permissions, self.checklist_cards, self.deeds, self.db)

    @cached_property
    def recurring_cards(self) -> RecurringCards:
        return RecurringCards(self.runbook, self.people, self.channels, self.cards, self.posts, self.rendering)

    @cached_property
    def proving(self) -> Proving:
        proofs = Proofs(self.runbook, self.confirmations, self.rendering)
        return Proving(self.db, self.clock, self.runbook, proofs, self.recurring_cards, Pace(LOOK_EVERY))

    @cached_property
    def contact_rounds(self) -> ContactRounds:
        return ContactRounds(self.db, self.clock, self.runbook, self.confirmations, Pace(LOOK_EVERY))

    @cached_property
    def recurring_tasks(self) -> RecurringTasks:
        return RecurringTasks(self.db, self.clock, self.runbook, self.proving, self.recurring_cards)

    @cached_property
    def recurring_files(self) -> RecurringFiles:
        return RecurringFiles(self.db, self.clock, self.recurring_tasks, self.room_posting, self.posts)
