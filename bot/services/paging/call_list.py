"""Whom to phone while nobody can be paged; from memory alone, because the database may be down."""

from collections.abc import Iterable

from bot.clock import Clock
from bot.runbook import Person, Runbook
from bot.services.people.people import People


class CallList:
    """Uses the runbook and the covers as this process last knew them."""

    def __init__(self, clock: Clock, runbook: Runbook, people: People) -> None:
        self._clock = clock
        self._runbook = runbook
        self._people = people

    def everybody(self, severity: str) -> list[Person]:
        """Everybody who would be paged for an incident of this severity, each once, in ladder order."""
        steps = self._runbook.severity_as_declared(severity).escalation.steps
        return self._in_tiers(step.page for step in steps)

    def first(self) -> list[Person]:
        """Those who would be paged at once for an incident with no severity given."""
        return self._in_tiers([self._runbook.default_severity.escalation.steps[0].page])

    def _in_tiers(self, tiers: Iterable[str]) -> list[Person]:
        now = self._clock.now()
        keys = [key for tier in tiers for key in self._people.in_tier(self._runbook.tiers[tier], now)]
        return [person for key in dict.fromkeys(keys) if (person := self._people.person(key))]
