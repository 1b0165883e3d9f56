"""What this very house has sent, and what comes back to its own door for alerts."""

from collections.abc import Awaitable, Callable, Mapping

from bot.runbook import Runbook
from bot.runbook.webhooks import webhooks_of
from bot.services.paging.keyring import Keyring
from bot.wire.webhooks import is_signed


class Echoes:
    """Another Tocsin signs with other keys, and knows its incidents by other instants: what it sends is no echo."""

    def __init__(self, runbook: Runbook, keyring: Keyring, is_our_alert: Callable[[str], Awaitable[bool]]) -> None:
        """`is_our_alert`: has a page of this house opened a provider's alert under this key?"""
        self._runbook = runbook
        self._keyring = keyring
        self._is_our_alert = is_our_alert

    async def is_one(self, headers: Mapping[str, str], body: bytes, provider_key: str | None) -> bool:
        """Posted to one of its webhooks, or told to a provider. Raises Unreachable.

        `provider_key`: by what a provider would know it; None = it has no such name.
        """
        if provider_key and await self._is_our_alert(provider_key):
            return True
        if "Webhook-Signature" not in headers:
            return False
        addresses = {webhook.reveal() for webhook in webhooks_of(self._runbook).values()}
        return bool(addresses) and is_signed(headers, await self._keyring.of_webhooks(addresses), body)
