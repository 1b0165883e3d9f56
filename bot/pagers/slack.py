"""Pages a person by direct message."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from bot.clock import Clock
from bot.domain.errors import Rejected
from bot.domain.paging.page import Via
from bot.pagers import Messenger, PageCall, Pager, PagerParts, Paint, UnconfirmedPages, Way, message_key
from bot.pagers._unconfirmed import sent_once
from bot.runbook import Person

WAY = Way("Slack", ("slack", "email"), "not in Slack", "SLACK_BOT_TOKEN", lambda settings: settings.slack_bot_token)


def pager(parts: PagerParts) -> Pager:
    return SlackPager(
        parts.messenger, parts.paint, parts.account_of, parts.known_account, parts.clock, parts.unconfirmed
    )


class SlackPager:
    """The message comes from the same painter that edits it later. The reference is `<channel>/<ts>`."""

    via: Via = "slack"

    def __init__(
        self,
        messenger: Messenger,
        paint: Paint,
        account_of: Callable[[str], Awaitable[str | None]],
        known_account: Callable[[str], str | None],
        clock: Clock,
        unconfirmed: UnconfirmedPages,
    ) -> None:
        self._messenger = messenger
        self._paint = paint
        self._account_of = account_of
        self._known_account = known_account
        self._clock = clock
        self._unconfirmed = unconfirmed

    def contact(self, person: Person) -> str:
        """Never None: an account may become known before the page is sent; if it doesn't, sending is rejected."""
        return person.slack or self._known_account(person.key) or ""

    async def page(self, call: PageCall) -> str:
        account = call.page.contact or await self._account_of(call.person.key)
        if not account:
            raise Rejected("no Slack account has this address")
        look, send = partial(self._look, account, call), partial(self._post, account, call)
        return await sent_once(call, self._clock, self._unconfirmed, look=look, send=send)

    async def earlier(self, call: PageCall) -> str | None:
        """Find a message that was posted unheard, so that it too is edited when its incident changes."""
        account = call.page.contact or await self._account_of(call.person.key)
        began = call.page.first_attempt_at
        return await self._look(account, call, began) if account and began else None

    async def _post(self, account: str, call: PageCall, *, repeat: bool) -> str:
        message = await self._paint(call.page, repeat=repeat)
        call.leaves()
        return str(await self._messenger.post(account, message, key=message_key(call.page)))

    async def _look(self, account: str, call: PageCall, since: datetime) -> str | None:
        found = await self._messenger.find_posted(account, message_key(call.page), since=since)
        return str(found) if found else None
