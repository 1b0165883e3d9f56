"""Whose Slack account has been deactivated: nothing that is sent there reaches anybody."""

import logging
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.errors import Failed
from bot.domain.incidents.incident import Incident
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.slack.gateway import Gateway

log = logging.getLogger(__name__)

# Slack tells nobody by itself; and of a hundred people it may be asked once in a minute.
LOOKED_AT_EVERY = timedelta(hours=1)
AT_ONCE = 20


class Leavers:
    """One per process, which asks for itself. Until it has, everybody is taken to be there."""

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
        """Whom to ask about it: who leads it, else who has acknowledged it, unless they have left. None: nobody."""
        known = (incident.lead, incident.acknowledged_by)
        return next((one for one in known if one and not self.is_gone(one)), None)

    def is_gone(self, who: str) -> bool:
        """`who`: a key of the runbook, or an account."""
        account = self._people.known_account(who)
        return self.has_left(account) if account else who in self._gone

    async def look(self) -> None:
        """At some of the people of the runbook, those not looked at for longest first. Raises a kind of Failed."""
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
            # Their address may belong to another account by now.
            self._people.forget_account(key)
            await self._people.account(key)
