"""The App Home."""

from functools import cached_property

from bot.services.home.homes import Homes, Signs
from bot.services.home.on_call import OnCallPart
from bot.services.home.open_incidents import OpenIncidentsPart
from bot.services.home.parts import Part
from bot.services.home.upkeep import PlannedPart, ReadinessPart, RecurringPart
from bot.services.home.waiting import WaitingPart
from bot.services.home.watched import BackupsPart, HealthPart, SilencesPart
from bot.services.wiring.maintenance import Maintenance
from bot.services.wiring.recovery import Recovery
from bot.services.wiring.tasks import Tasks


class HomeTab(Recovery, Maintenance, Tasks):
    """Shows something of every part."""

    @cached_property
    def homes(self) -> Homes:
        signs = Signs(self.db, self.runbook, self.people)
        return Homes(self.db, self.clock, self.outbox, self.gateway, signs, self._home_parts)

    @property
    def _home_parts(self) -> list[Part]:
        """From top to bottom."""
        return [
            WaitingPart(self.db, self.people, self.permissions, self.members, self.rendering),
            OpenIncidentsPart(self.db, self.runbook, self.members, self.rendering),
            OnCallPart(self.runbook, self.people, self.rendering),
            HealthPart(self.health, self.rendering),
            BackupsPart(self.backups, self.backup_drills, self.rendering),
            SilencesPart(self.silences, self.rendering),
            RecurringPart(self.recurring_tasks, self.rendering),
            PlannedPart(self.windows, self.rendering),
            ReadinessPart(self.db, self.runbook, self.rendering),
        ]
