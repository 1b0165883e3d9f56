"""What people are asked for."""

from functools import cached_property

from bot.services.tasks.incident_tasks import IncidentTasks
from bot.services.tasks.task_cards import TaskCards
from bot.services.wiring.paging import Paging


class Tasks(Paging):
    """Tasks in an incident."""

    @cached_property
    def incident_tasks(self) -> IncidentTasks:
        cards = TaskCards(self.rooms, self.members, self.cards, self.posts, self.rendering)
        return IncidentTasks(self.db, self.clock, self.people, cards, self.deeds)
