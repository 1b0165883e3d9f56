"""Who belongs to our workspace, and who only shares a channel with it."""

import logging

from bot.domain.errors import Failed, NotPermitted
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.slack.gateway import Gateway

log = logging.getLogger(__name__)


class Belonging:
    """People of other organisations see the buttons in a channel that is shared with them, and may press them."""

    def __init__(self, runbook: Runbook, people: People, gateway: Gateway) -> None:
        self._runbook = runbook
        self._people = people
        self._gateway = gateway
        # An account never changes its organisation, and each thing that somebody does would ask again.
        self._is_other: dict[str, bool] = {}

    async def must_be_given(self, account: str, team: str) -> None:
        """`team` is the workspace that Slack names with this person; '' = it names none. Raises NotPermitted for people
        of another organisation, unless the runbook names them. Only when Slack says that they are: nobody is kept from
        declaring because Slack cannot say."""
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
