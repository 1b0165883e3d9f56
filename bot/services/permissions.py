"""Who may do what: checked at the deed, not at the button."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import NotPermitted
from bot.runbook import Runbook
from bot.runbook.models import Deed
from bot.runbook.people import Who
from bot.services.people import People


class Permissions:
    """The runbook's `permissions`. A deed that is not listed is open to everybody in the workspace."""

    def __init__(self, clock: Clock, runbook: Runbook, people: People) -> None:
        self._clock = clock
        self._runbook = runbook
        self._people = people

    def must(self, actor: Actor, deed: Deed) -> None:
        """Raises NotPermitted, naming who may."""
        permitted = self.permitted(deed)
        if permitted is None or actor == TOCSIN or actor.name in permitted:
            return
        names = ", ".join(self._people.display_name(key) for key in permitted) or "nobody"
        raise NotPermitted(f"The runbook lets only these people do that (`{deed}`): {names}. Ask one of them.")

    def permitted(self, deed: Deed) -> list[str] | None:
        """Who may, as runbook keys at this instant; None = everybody."""
        entries = self._runbook.permissions.get(deed)
        if entries is None:
            return None
        now = self._clock.now()
        keys: dict[str, None] = {}
        for entry in entries:
            keys |= dict.fromkeys(self._meant(entry, now))
        return list(keys)

    def _meant(self, entry: Who, now: datetime) -> list[str]:
        if entry.kind == "tier":
            return self._people.in_tier(self._runbook.tiers[entry.key], now)
        return [self._people.shift(entry.key, now).person] if entry.kind == "schedule" else [entry.key]
