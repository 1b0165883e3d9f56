"""Audiences that would not be told although the runbook says so: outlets not set up in this environment."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.updates.update import Outlet
from bot.publishers import outlets
from bot.runbook import Runbook
from bot.services.updates.audiences import addresses
from bot.settings import Settings


@dataclass(frozen=True)
class AudienceGap:
    """`name`: the outlet's display name. `needs`: the variables that would close the gap."""

    audience: str
    via: Outlet
    name: str
    needs: str

    def __str__(self) -> str:
        return f"audience {self.audience}: nothing by {self.name}; that needs {self.needs}"


def audience_gaps(runbook: Runbook, settings: Settings) -> Sequence[AudienceGap]:
    """Each outlet of each audience once."""
    ready = {via for via, facts in outlets().items() if facts.is_set_up(settings)}
    return [
        AudienceGap(audience.key, via, outlets()[via].name, outlets()[via].credentials)
        for audience in runbook.audiences.values()
        for via in dict.fromkeys(via for via, _ in addresses(audience))
        if via not in ready
    ]
