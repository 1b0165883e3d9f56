"""What is done when an earlier attempt may have been accepted: it is looked for before anything is sent again."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock
from bot.domain.errors import Failed, Held, Rejected, Throttled, Unanswered
from bot.pagers import PageCall, UnconfirmedPages

# How long we look for what may have been sent, before it is sent as a possible repeat. Counted from the first look, and
# not from the first attempt: a provider may have been away for an hour before anything was in doubt.
LOOK_FOR = timedelta(seconds=60)

# The reference of what was sent since then, by our clock, which is not the provider's; None when there is nothing.
# Raises a Failed when it cannot be found out.
Look = Callable[[datetime], Awaitable[str | None]]


class Send(Protocol):
    """Sends and returns the reference. `repeat`: the words say that it may have been sent before."""

    async def __call__(self, *, repeat: bool) -> str: ...


@contextmanager
def may_have_arrived() -> Iterator[None]:
    """A refusal says that an earlier attempt may have been accepted all the same."""
    try:
        yield
    except Rejected as error:
        raise Rejected(f"{error}; an earlier attempt may have been accepted", error.code) from error


async def sent_once(call: PageCall, clock: Clock, unconfirmed: UnconfirmedPages, *, look: Look, send: Send) -> str:
    """The reference of the earlier attempt, if one is found, else that of a new one."""
    if not call.unsure:
        return await send(repeat=False)
    since = await unconfirmed.began(call.page)
    try:
        found = await look(call.page.first_attempt_at or clock.now())
    except (Throttled, Held):
        # Nobody there has time to be asked, and what is sent now would not be taken either.
        raise
    except Failed as error:
        if clock.now() - since < LOOK_FOR:
            raise Unanswered(f"it is not known whether this was sent: {error}") from error
        await unconfirmed.repeated(call.page)
        with may_have_arrived():
            return await send(repeat=True)
    if found:
        return found
    await unconfirmed.ended(call.page)
    return await send(repeat=False)
