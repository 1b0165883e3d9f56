"""The sandbox around the workspace: what can be triggered with one click, and a clock that can be moved."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.stand_ins import Replaced

NextDue = Callable[[], Awaitable[tuple[datetime, str] | None]]
Forward = Callable[[timedelta], Awaitable[None]]


def _without_state() -> bool | None:
    return None


async def _nothing_due() -> None:
    return None


@dataclass(frozen=True)
class Happening:
    """`state`: is it on now? None: it isn't a switch."""

    id: str
    label: str
    description: str
    happen: Callable[[], Awaitable[None]]
    state: Callable[[], bool | None] = _without_state


@dataclass(frozen=True)
class Link:
    """A related page that is worth a look."""

    label: str
    address: str
    description: str


@dataclass(frozen=True)
class Suggestion:
    """A command to try for newcomers: what to type, and what it does."""

    command: str
    effect: str


@dataclass(frozen=True)
class Stage:
    """`next_due`: what is due next and when, None if nothing is. `forward` advances the clock.

    `replaced`: the runbook's addresses that were replaced by something here.
    """

    forward: Forward
    next_due: NextDue = _nothing_due
    happenings: Sequence[Happening] = ()
    replaced: Sequence[Replaced] = ()
    links: Sequence[Link] = ()
    suggestions: Sequence[Suggestion] = ()
