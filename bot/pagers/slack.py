"""Pages somebody by a direct message."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.errors import Failed, Rejected, Unanswered
from bot.domain.page import Via
from bot.pagers import Call, Messenger, Pager, Paint, Parts, Posted
from bot.runbook import Person

# How long we look for a message that may have been posted, before it is posted as a possible repeat.
LOOK_FOR = timedelta(seconds=60)
# A message is stamped by Slack's clock, which is not ours.
CLOCKS_DIFFER_BY = timedelta(seconds=60)


def pager(parts: Parts) -> Pager:
    return SlackPager(parts.messenger, parts.paint, parts.account_of, parts.known_account, parts.clock)


class SlackPager:
    """The message is painted by whoever edits it later. The reference is `<channel>/<ts>`."""

    via: Via = "slack"

    def __init__(
        self,
        messenger: Messenger,
        paint: Paint,
        account_of: Callable[[str], Awaitable[str | None]],
        known_account: Callable[[str], str | None],
        clock: Clock,
    ) -> None:
        self._messenger = messenger
        self._paint = paint
        self._account_of = account_of
        self._known_account = known_account
        self._clock = clock

    def contact(self, person: Person) -> str:
        """Never None: who has no known account may have one by the time the page is sent; else the page says so."""
        return person.slack or self._known_account(person.key) or ""

    async def page(self, call: Call) -> str:
        account = call.page.contact or await self._account_of(call.person.key)
        if not account:
            raise Rejected("no Slack account has this address")
        if not call.unsure:
            return await self._post(account, call, repeat=False)
        began = call.page.first_attempt_at or self._clock.now()
        try:
            found = await self._look(account, call, began)
        except Failed as error:
            if self._clock.now() - began < LOOK_FOR:
                raise Unanswered(f"it is not known whether this was posted: {error}") from error
            return await self._post(account, call, repeat=True)
        return _reference(found) if found else await self._post(account, call, repeat=False)

    async def _post(self, account: str, call: Call, *, repeat: bool) -> str:
        message = await self._paint(call.page.id, repeat=repeat)
        call.leaves()
        return _reference(await self._messenger.post(account, message, key=_key(call)))

    async def _look(self, account: str, call: Call, began: datetime) -> Posted | None:
        """The message of an earlier attempt; None when there is none."""
        direct = await self._messenger.open_direct(account)
        oldest = (began - CLOCKS_DIFFER_BY).timestamp()
        return await self._messenger.find_posted(direct, _key(call), oldest=oldest)


def _key(call: Call) -> str:
    return f"page:{call.page.id}"


def _reference(posted: Posted) -> str:
    return f"{posted.channel}/{posted.ts}"
