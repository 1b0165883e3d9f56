"""Paging when an earlier attempt may have been accepted: search for it before sending again."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from bot.clock import Clock
from bot.domain.errors import Failed, Held, Rejected, Throttled, Unanswered
from bot.pagers import PageCall, UnconfirmedPages

# How long we search for an earlier attempt before we send a possible repeat. Counted from the first search, not from
# the first attempt: the provider may have been unreachable for an hour before anything was in doubt.
LOOK_FOR = timedelta(seconds=60)

# Finds the reference of what was sent since that instant; None if nothing was. The instant is by our clock, and the
# provider's may be skewed. Raises a Failed if the provider can't be asked.
Look = Callable[[datetime], Awaitable[str | None]]


class Send(Protocol):
    """Sends the page and returns the reference. `repeat`: the text says that it may have been sent before."""

    async def __call__(self, *, repeat: bool) -> str: ...


@contextmanager
def may_have_arrived() -> Iterator[None]:
    """Add to a refusal that an earlier attempt may have been accepted nevertheless."""
    try:
        yield
    except Rejected as error:
        raise Rejected(f"{error}; an earlier attempt may have been accepted", error.code) from error


async def sent_once(call: PageCall, clock: Clock, unconfirmed: UnconfirmedPages, *, look: Look, send: Send) -> str:
    """Return the reference of the earlier attempt if one is found, otherwise send and return the new one.

    After `LOOK_FOR` of searches that failed, the page is sent as a possible repeat.
    """
    if not call.unsure:
        return await send(repeat=False)
    since = await unconfirmed.began(call.page)
    try:
        found = await look(call.page.first_attempt_at or clock.now())
    except (Throttled, Held):
        # The provider is rate-limiting us: it would refuse the page as well.
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
