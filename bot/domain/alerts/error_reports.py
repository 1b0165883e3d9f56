"""Errors reported by applications themselves: which, and how often."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.alerts.received import Level
from bot.domain.alerts.rules import Judged

SOURCE = "errors"
# A label of every error report; unparseable payloads lack it and are not errors of an application.
WHOSE = "application"


@dataclass(frozen=True)
class ReportedError:
    """Reports with one fingerprint. `count` and `last_at` are for the period asked for, `first_at` for all time."""

    title: str
    level: Level
    application: str
    environment: str | None
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class ReportedErrors:
    """Errors reported since `since`. `worst`: the top of all `kinds`, which were reported `count` times in all.

    `ever`: whether any application has ever reported one.
    """

    since: datetime
    worst: Sequence[ReportedError]
    kinds: int
    count: int
    ever: bool


def counted(source: str, told: Iterable[Judged]) -> dict[str, int]:
    """Report counts by fingerprint; empty for other sources."""
    if source != SOURCE:
        return {}
    return {one.alert.fingerprint: one.times for one in told if one.times and WHOSE in one.alert.labels}
