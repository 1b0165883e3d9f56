"""How a check has been over some time: how much of it it answered, how fast, and whether that was enough."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.checks.check import State, pace_shown

DAY = timedelta(days=1)
SPANS = (DAY, 7 * DAY, 30 * DAY)
# A look says how it was until the next one; when that is so many times late, nobody was there to look.
STANDS_FOR = 3
# So long looks are kept: a month, whichever month it is.
KEPT_FOR = 31 * DAY


@dataclass(frozen=True)
class Uptime:
    """Over `span`. `available` is the share of the looks that did not find it down, in per cent.

    `measured`: since the first look of it; None: not known.
    `p50`, `p95`, `p99`: within this time came so many per cent of the answers. None: there was none, or nobody asked.
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
        """A share of a day that was looked at for an hour says little of the day."""
        return self.measured is not None and self.measured < 0.9 * self.span

    @property
    def available_shown(self) -> str:
        """Never rounded up to what it was not: 100% is all of it."""
        return share_shown(self.available)

    @property
    def paces(self) -> str:
        found = [("p50", self.p50), ("p95", self.p95), ("p99", self.p99)]
        return " · ".join(f"{name} {pace_shown(pace)}" for name, pace in found if pace is not None)

    def misses(self, target: float | None) -> bool:
        """It was available less often than this."""
        return target is not None and self.available < target

    def is_slow(self, slow: timedelta | None) -> bool:
        """More than one answer in twenty came later than it should."""
        return slow is not None and self.p95 is not None and self.p95 > slow


@dataclass(frozen=True)
class Sample:
    """What one look at a check has found, as a chart needs it; `measured` None: its latency is what counts."""

    at: datetime
    state: State
    latency: timedelta
    measured: float | None


@dataclass(frozen=True)
class IllTime:
    """From the first look that found the check ill to the first that found it otherwise."""

    state: State
    begin: datetime
    end: datetime


def ill_times(looks: Sequence[Sample], *, longest: timedelta, now: datetime) -> list[IllTime]:
    """When a check was ill, oldest first. `longest`: a look says nothing of a later time than this."""
    found: list[IllTime] = []
    for look, until in zip(looks, [*(later.at for later in looks[1:]), now], strict=True):
        end = min(until, look.at + longest)
        if found and look.state == found[-1].state and look.at == found[-1].end:
            found[-1] = replace(found[-1], end=end)
        elif look.state != "healthy":
            found.append(IllTime(look.state, look.at, end))
    return found


def share_shown(share: float) -> str:
    """Cut, not rounded, to two places: `99.99%` however many nines follow."""
    return f"{int(share * 100 + 1e-6) / 100:g}%"
