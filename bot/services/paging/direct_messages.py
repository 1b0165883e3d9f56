"""A message to one person of the runbook in Slack, once: what may have been posted unheard is looked for first."""

from collections.abc import Awaitable, Callable

from bot.domain.errors import Rejected
from bot.services.people.people import People
from bot.slack.blocks import Message
from bot.slack.gateway import Gateway, Posted
from bot.store.outbox.outbox import Delivery


class DirectMessages:
    """What a delivery about a shift sends. A page is sent by its pager, which says more of what is not known."""

    def __init__(self, people: People, gateway: Gateway) -> None:
        self._people = people
        self._gateway = gateway

    async def send(self, delivery: Delivery, told: str, key: str, written: Callable[[], Awaitable[Message]]) -> Posted:
        """`told`: a person's key, or a Slack id. `key`: the name by which the message is found again. `written` is
        called when it is to be posted. Raises a kind of Failed."""
        account = self._people.known_account(told) or await self._people.account(told)
        if not account:
            raise Rejected("no Slack account has this address")
        if delivery.unsure:
            direct = await self._gateway.open_direct(account)
            if found := await self._gateway.find_posted(direct, key, since=delivery.created_at):
                return found
        return await self._gateway.post(account, await written(), key=key)
