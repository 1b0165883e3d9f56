"""Who may do what, checked when something is done, not when its button is shown."""

from collections.abc import Mapping
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import NotPermitted
from bot.runbook import Runbook
from bot.runbook.models import Deed
from bot.runbook.people import Who
from bot.services.people.people import People

# When the runbook doesn't list the left deed, the right one's permissions apply.
AS_FOR: Mapping[Deed, Deed] = {"backup.verify": "backup.run"}


class Permissions:
    """The runbook's `permissions`. Everybody in the workspace may do what isn't listed there.

    Only the runbook grants permissions: people who cover a schedule that doesn't name them are paged, nothing more.
    """

    def __init__(self, clock: Clock, runbook: Runbook, people: People) -> None:
        self._clock = clock
        self._runbook = runbook
        self._people = people

    def must(self, actor: Actor, deed: Deed) -> None:
        """Raise NotPermitted, naming who may, unless this actor may."""
        permitted = self.permitted(deed)
        if permitted is None or actor == TOCSIN or any(self._people.is_one(actor, who) for who in permitted):
            return
        names = ", ".join(self._people.display_name(key) for key in permitted) or "nobody"
        raise NotPermitted(f"The runbook lets only these people do that (`{deed}`): {names}. Ask one of them.")

    def must_be_one_of(self, actor: Actor, entry: str, deed: str) -> None:
        """Raise NotPermitted unless `entry` (as in the runbook, for example `tier/lead`) means this actor now."""
        named = self.named_by(entry)
        if any(self._people.is_one(actor, who) for who in named):
            return
        names = ", ".join(self._people.display_name(key) for key in named)
        raise NotPermitted(f"Only {names or f'{entry}, which is nobody now,'} may {deed}.")

    def named_by(self, entry: str) -> list[str]:
        """The people an entry means now, as runbook keys; empty when the runbook no longer has what it names."""
        who, runbook = Who.parse(entry), self._runbook
        known = {"person": [*runbook.people], "tier": [*runbook.tiers], "schedule": [*runbook.schedules]}
        return self._meant(who, self._clock.now()) if who.key in known[who.kind] else []

    def permitted(self, deed: Deed) -> list[str] | None:
        """Who may do this now, as runbook keys; None = everybody."""
        permissions = self._runbook.permissions
        entries = permissions.get(deed, permissions.get(AS_FOR[deed]) if deed in AS_FOR else None)
        if entries is None:
            return None
        now = self._clock.now()
        keys: dict[str, None] = {}
        for entry in entries:
            keys |= dict.fromkeys(self._meant(entry, now))
        return list(keys)

    def others(self, deed: Deed, actor: Actor) -> list[str] | None:
        """Who else may do this now, as runbook keys; None = everybody else."""
        permitted = self.permitted(deed)
        return None if permitted is None else [who for who in permitted if not self._people.is_one(actor, who)]

    def _meant(self, entry: Who, now: datetime) -> list[str]:
        if entry.kind == "tier":
            entries = self._runbook.tiers[entry.key].who
            return [who for member in entries for who in self._meant(member, now)]
        return [self._people.entitled(entry.key, now)] if entry.kind == "schedule" else [entry.key]
