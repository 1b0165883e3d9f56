"""Whom a step of a running ladder pages: by the current runbook, or, where that reaches nobody, by the snapshot."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from bot.domain.paging.escalation import Policy
from bot.domain.people.identity import is_slack_id
from bot.domain.people.schedule import duty
from bot.runbook import Runbook, Tier
from bot.runbook.people import Who
from bot.services.paging.contacts import Contacts
from bot.services.paging.policies import policy_of, schedule_of, strangers
from bot.services.people.people import People
from bot.store.pipelined import Connection


class Roster:
    """The runbook may have changed since the ladder began, and other processes may have a different one."""

    def __init__(self, runbook: Runbook, people: People, contacts: Contacts) -> None:
        self._runbook = runbook
        self._people = people
        self._contacts = contacts

    def policy(self, severity: str) -> Policy:
        """The snapshot for a ladder of this severity that begins now."""
        return policy_of(self._runbook, self._runbook.severity_as_declared(severity))

    async def learn(self, conn: Connection, policies: Iterable[Policy]) -> None:
        """Learn whom these ladders promised to page, and who covers for whom now. Use the result before the next await,
        or an older read may replace it."""
        for policy in policies:
            self._people.remember(strangers(policy, self._runbook.people))
        await self._people.learn_covers(conn)

    def knows(self, policy: Policy, tier: str) -> bool:
        """Whether this process's runbook has everybody named by this tier of the ladder."""
        return all(self._has(Who.parse(entry)) for entry in policy.tiers[tier]["who"])

    def _has(self, entry: Who) -> bool:
        group = self._runbook.people if entry.kind == "person" else self._runbook.schedules
        return entry.key in group or is_slack_id(entry.key)

    def of(self, policy: Policy, tier: Tier, now: datetime) -> list[str]:
        """People to page, each once, in the tier's order. Call `learn` first."""
        return list(dict.fromkeys(self._meant(policy, tier, entry, now) for entry in tier.who))

    def _meant(self, policy: Policy, tier: Tier, entry: Who, now: datetime) -> str:
        if entry.kind == "person":
            return entry.key
        on_duty = list(self._on_duty(policy, entry.key, now))
        reached = (key for key in on_duty if self._contacts.of(key, tier.waits, policy, drill=False))
        return next(reached, on_duty[0])

    def _on_duty(self, policy: Policy, schedule: str, now: datetime) -> Iterator[str]:
        """Candidates, best first; the first who can be reached is paged. On duty by the current runbook, then by the
        snapshot, then the people being covered for."""
        known = [self._runbook.schedules.get(schedule), schedule_of(policy, schedule)]
        rotations = [one.rotation for one in known if one]
        for covers in (self._people.covers_of(schedule), []):
            for rotation in rotations:
                yield duty(rotation, covers, now).person
