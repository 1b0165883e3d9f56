"""People of the runbook whose Slack account was deactivated, so that nothing sent there reaches anybody."""

import logging
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.domain.incidents.incident import Incident
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.slack.gateway import Gateway

log = logging.getLogger(__name__)

# Slack doesn't report deactivations, so we poll. Its rate limit allows about a hundred of these calls a minute.
LOOKED_AT_EVERY = timedelta(hours=1)
AT_ONCE = 20


class Leavers:
    """Polls Slack, each process for itself. Until somebody was looked at, they count as active."""

    def __init__(self, clock: Clock, runbook: Runbook, people: People, gateway: Gateway) -> None:
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._gateway = gateway
        self._looked_at: dict[str, datetime] = {}
        self._left: set[str] = set()
        self._gone: set[str] = set()

    def has_left(self, account: str) -> bool:
        return account in self._left

    def in_charge(self, incident: Incident) -> str | None:
        """Whom to ask about an incident: its lead, or whoever acknowledged it, if still in Slack. None: neither is."""
        known = (incident.lead, incident.acknowledged_by)
        return next((one for one in known if one and not self.is_gone(one)), None)

    def is_gone(self, who: str) -> bool:
        """Whether this person's account is deactivated. `who`: a runbook key or a Slack id."""
        account = self._people.known_account(who)
        return self.has_left(account) if account else who in self._gone

    async def look(self) -> None:
        """Check up to `AT_ONCE` people of the runbook, those not checked for longest first. Raises Failed."""
        before = self._clock.now() - LOOKED_AT_EVERY
        due = [key for key in self._runbook.people if key not in self._looked_at or self._looked_at[key] <= before]
        for key in sorted(due, key=lambda one: self._looked_at.get(one, before))[:AT_ONCE]:
            if account := self._people.known_account(key):
                await self._look_at(key, account)
            self._looked_at[key] = self._clock.now()

    async def _look_at(self, key: str, account: str) -> None:
        try:
            has_left = await self._gateway.is_deactivated(account)
        except Failed as error:
            log.warning("person=%s account=%s %s", key, account, error)
            raise
        if not has_left:
            self._left.discard(account)
            self._gone.discard(key)
            return
        self._gone.add(key)
        if account not in self._left:
            log.warning("person=%s account=%s is deactivated in Slack", key, account)
        self._left.add(account)
        if self._runbook.people[key].slack is None:
            # Their email address may have moved to another account: look it up again.
            self._people.forget_account(key)
            await self._people.account(key)
