"""What can be made to happen in the sandbox with one click: an alert fires, a health check breaks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

NextDue = Callable[[], Awaitable[tuple[datetime, str] | None]]


def _without_state() -> bool | None:
    return None


@dataclass(frozen=True)
class Happening:
    """`state` says whether it is on now; None means that it is no switch."""

    id: str
    label: str
    description: str
    happen: Callable[[], Awaitable[None]]
    state: Callable[[], bool | None] = _without_state
