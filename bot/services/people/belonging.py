"""Keeps out people of other organisations, who only share a channel with our workspace (Slack Connect)."""

import logging

from bot.domain.errors import Failed, NotPermitted
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.slack.gateway import Gateway

log = logging.getLogger(__name__)


class Belonging:
    """In a shared channel, people of other organisations see our buttons and can press them."""

    def __init__(self, runbook: Runbook, people: People, gateway: Gateway) -> None:
        self._runbook = runbook
        self._people = people
        self._gateway = gateway
        # Cached for good: an account never changes its organisation, and every command would ask Slack again.
        self._is_other: dict[str, bool] = {}

    async def must_be_given(self, account: str, team: str) -> None:
        """Raise NotPermitted for people of another organisation, unless the runbook names them.

        `team` is the workspace Slack sent with the request; '' = none. When Slack can't say where somebody belongs,
        they pass: nobody is kept from declaring an incident by that.
        """
        own = self._gateway.team_id
        if own is None or not account or team in ("", own) or self._is_named(account):
            return
        if account not in self._is_other:
            try:
                self._is_other[account] = await self._gateway.is_of_another_organisation(account)
            except Failed as error:
                log.warning("person=%s team=%s Slack does not say whose they are: %s", account, team, error)
                return
        if self._is_other[account]:
            log.warning("person=%s team=%s of another organisation: refused", account, team)
            raise NotPermitted(
                f"Only people of {self._runbook.organisation} can do that. Ask one of them, in this channel."
            )

    def _is_named(self, account: str) -> bool:
        return self._people.named(account) in self._runbook.people
