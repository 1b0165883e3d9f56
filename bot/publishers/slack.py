"""Posts updates to an audience's channel in this workspace."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.domain.errors import Rejected
from bot.domain.updates.update import Outlet, Update
from bot.publishers import Messenger, OutletFacts, Posted, Publication, Publisher, PublisherParts, message_key

OUTLET = OutletFacts("Slack", addresses=lambda audience: audience.slack)

NOT_OURS = ("not_in_channel", "channel_not_found", "is_archived", "restricted_action")


def publisher(parts: PublisherParts) -> Publisher:
    return SlackPublisher(parts.messenger, parts.paint, parts.find_channel)


class SlackPublisher:
    """The address is `#name`, the reference `<channel>/<ts>`. Rejected if the channel is missing or the bot can't
    post."""

    via: Outlet = "slack"

    def __init__(
        self,
        messenger: Messenger,
        paint: Callable[[Update], Any],
        find_channel: Callable[[str], Awaitable[str | None]],
    ) -> None:
        self._messenger = messenger
        self._paint = paint
        self._find_channel = find_channel

    async def publish(self, publication: Publication) -> str:
        delivery = publication.delivery
        channel = await self._find_channel(delivery.address)
        if channel is None:
            raise Rejected(f"there is no channel {delivery.address}, or it is private and the bot is not in it")
        try:
            posted = await self._find(channel, publication) or await self._post(channel, publication)
        except Rejected as error:
            if error.code in NOT_OURS:
                raise Rejected(f"the bot may not post in {delivery.address}: {error.code}", error.code) from error
            raise
        return f"{channel}/{posted.ts}"

    def shown(self, publication: Publication) -> Any:
        return self._paint(publication.update)

    async def _find(self, channel: str, publication: Publication) -> Posted | None:
        """The message of an earlier attempt; None if there was no attempt, or it posted nothing."""
        if not publication.unsure:
            return None
        key, since = message_key(publication.delivery, publication.update), publication.update.created_at
        return await self._messenger.find_posted(channel, key, since=since)

    async def _post(self, channel: str, publication: Publication) -> Posted:
        key = message_key(publication.delivery, publication.update)
        return await self._messenger.post(channel, self._paint(publication.update), key=key)
