"""Recognises what this installation itself has sent when it comes back to its alert door."""

from collections.abc import Awaitable, Callable, Mapping

from bot.runbook import Runbook
from bot.runbook.webhooks import webhooks_of
from bot.services.paging.keyring import Keyring
from bot.wire.webhooks import is_signed


class Echoes:
    """Another Tocsin has other keys and other times of its incidents, so what it sends is no echo."""

    def __init__(self, runbook: Runbook, keyring: Keyring, is_our_alert: Callable[[str], Awaitable[bool]]) -> None:
        """`is_our_alert`: whether a page of this installation opened a provider's alert with this key."""
        self._runbook = runbook
        self._keyring = keyring
        self._is_our_alert = is_our_alert

    async def is_one(self, headers: Mapping[str, str], body: bytes, provider_key: str | None) -> bool:
        """Whether it was posted to one of our webhooks, or comes from an alert we opened at a provider. Raises
        Unreachable.

        `provider_key`: the key a provider would know it by; None: it has none.
        """
        if provider_key and await self._is_our_alert(provider_key):
            return True
        if "Webhook-Signature" not in headers:
            return False
        addresses = {webhook.reveal() for webhook in webhooks_of(self._runbook).values()}
        return bool(addresses) and is_signed(headers, await self._keyring.of_webhooks(addresses), body)
