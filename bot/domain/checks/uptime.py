"""Uptime of a check over a period: availability, latency, and whether that was enough."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.checks.check import State, pace_shown

DAY = timedelta(days=1)
SPANS = (DAY, 7 * DAY, 30 * DAY)
# A look counts until the next one, but at most for this many intervals: after that nobody was looking.
STANDS_FOR = 3
# How long looks are kept: a month of any length.
KEPT_FOR = 31 * DAY


@dataclass(frozen=True)
class Uptime:
    """Over `span`. `available`: the percentage of looks that did not find it down.

    `measured`: time since the first look; None: unknown. `p50`, `p95`, `p99`: latency percentiles; None: no answers, or
    not asked for.
    """

    span: timedelta
    available: float
    p50: timedelta | None = None
    p95: timedelta | None = None
    p99: timedelta | None = None
    measured: timedelta | None = None

    @property
    def span_shown(self) -> str:
        return "24 h" if self.span == DAY else f"{self.span // DAY} d"

    @property
    def is_partly_measured(self) -> bool:
        """Whether looks cover too little of the span to speak for it."""
        return self.measured is not None and self.measured < 0.9 * self.span

    @property
    def available_shown(self) -> str:
        """Never rounded up: 100% means all of it."""
        return share_shown(self.available)

    @property
    def paces(self) -> str:
        found = [("p50", self.p50), ("p95", self.p95), ("p99", self.p99)]
        return " · ".join(f"{name} {pace_shown(pace)}" for name, pace in found if pace is not None)

    def misses(self, target: float | None) -> bool:
        """Availability was below the target."""
        return target is not None and self.available < target

    def is_slow(self, slow: timedelta | None) -> bool:
        """More than one answer in twenty was slower than it should be."""
        return slow is not None and self.p95 is not None and self.p95 > slow


@dataclass(frozen=True)
class Sample:
    """One look at a check, for a chart; `measured` None: chart the latency."""

    at: datetime
    state: State
    latency: timedelta
    measured: float | None


@dataclass(frozen=True)
class IllTime:
    """From the first look in an unhealthy state to the first in another."""

    state: State
    begin: datetime
    end: datetime


def ill_times(looks: Sequence[Sample], *, longest: timedelta, now: datetime) -> list[IllTime]:
    """When a check was unhealthy, oldest first. `longest`: how long a look counts at most."""
    found: list[IllTime] = []
    for look, until in zip(looks, [*(later.at for later in looks[1:]), now], strict=True):
        end = min(until, look.at + longest)
        if found and look.state == found[-1].state and look.at == found[-1].end:
            found[-1] = replace(found[-1], end=end)
        elif look.state != "healthy":
            found.append(IllTime(look.state, look.at, end))
    return found


def share_shown(share: float) -> str:
    """Truncated, not rounded, to two decimals: `99.99%` however many nines follow."""
    return f"{int(share * 100 + 1e-6) / 100:g}%"
