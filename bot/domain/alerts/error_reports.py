"""Errors that applications report of themselves: which they are, and how often each came."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.alerts.received import Level
from bot.domain.alerts.rules import Judged

SOURCE = "errors"
# What every report says; what nobody could read has none, and is no error of an application.
WHOSE = "application"


@dataclass(frozen=True)
class ReportedError:
    """One error by its fingerprint. `count` and `last_at` are of the time that was asked for, `first_at` is not."""

    title: str
    level: Level
    application: str
    environment: str | None
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class ReportedErrors:
    """What was reported from `since` on. `worst`: the beginning of all `kinds`, which came `count` times together.

    `ever`: has any application reported an error yet?
    """

    since: datetime
    worst: Sequence[ReportedError]
    kinds: int
    count: int
    ever: bool


def counted(source: str, told: Iterable[Judged]) -> dict[str, int]:
    """By fingerprint, how often each error was reported; empty for any other source."""
    if source != SOURCE:
        return {}
    return {one.alert.fingerprint: one.times for one in told if one.times and WHOSE in one.alert.labels}
