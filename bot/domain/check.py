"""How a check stands: what one look found, and how many alike in a row it takes to believe it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

State = Literal["healthy", "degraded", "down"]
GRAVITY: dict[State, int] = {"healthy": 0, "degraded": 1, "down": 2}


@dataclass(frozen=True)
class Finding:
    """What one look found. `value` is what was measured; `reason` says why that is not healthy, '' when it is."""

    state: State
    value: str
    latency: timedelta
    reason: str = ""


@dataclass(frozen=True)
class Belief:
    """What the watch holds true, and the latest looks that may change it, oldest first."""

    state: State = "healthy"
    recent: tuple[State, ...] = ()


@dataclass(frozen=True)
class Latest:
    """The latest look at a check, and since when it has been found in this state."""

    state: State
    since: datetime
    looked_at: datetime
    value: str
    reason: str
    latency: timedelta

    @property
    def pace(self) -> str:
        """How long the answer took, as a person reads it: `84ms`."""
        return pace_shown(self.latency)


@dataclass(frozen=True)
class Standing:
    """A check as it is shown. `expects` is what it is measured against; `latest` None: nobody has looked yet."""

    name: str
    kind: str
    expects: str
    supported: bool
    latest: Latest | None = None

    @property
    def state(self) -> str:
        """The latest state; `unknown` without a look. What cannot be looked at is `unsupported`, never healthy."""
        if not self.supported:
            return "unsupported"
        return self.latest.state if self.latest else "unknown"


@dataclass(frozen=True)
class Turn:
    """A change of state in the history of a check. `until` None: it has been so since."""

    check: str
    state: State
    at: datetime
    until: datetime | None
    value: str
    reason: str


def no_answer(reason: str, latency: timedelta, value: str = "no answer") -> Finding:
    return Finding("down", value, latency, reason)


def worsened(finding: Finding, reason: str, state: State = "degraded") -> Finding:
    """Never milder than it was; every reason is kept."""
    graver = max(finding.state, state, key=GRAVITY.__getitem__)
    return replace(finding, state=graver, reason=f"{finding.reason}; {reason}" if finding.reason else reason)


def paced(finding: Finding, slow: timedelta | None) -> Finding:
    """Degraded when the answer took longer than `slow`; None: it may take as long as it likes."""
    if slow is None or finding.latency <= slow:
        return finding
    return worsened(finding, f"took {pace_shown(finding.latency)}, slow above {pace_shown(slow)}")


def uncrowded(finding: Finding, used: int, most: int, below: float | None) -> Finding:
    """Degraded when the share in use is not below so many per cent; None: all of them may be in use."""
    share = 100 * used / most if most else 100.0
    if below is None or share < below:
        return finding
    return worsened(finding, f"{share:.0f}% in use, wanted below {below:g}%")


def believe(belief: Belief, seen: State, in_a_row: int) -> Belief:
    """The belief after one more look.

    It grows worse to the mildest of the last `in_a_row` looks when all of them are worse than what was believed, and
    better to the worst of them when all are better. A state that comes and goes changes nothing.
    """
    recent = (*belief.recent, seen)[-in_a_row:]
    if len(recent) < in_a_row:
        return replace(belief, recent=recent)
    mildest, worst = min(recent, key=GRAVITY.__getitem__), max(recent, key=GRAVITY.__getitem__)
    if GRAVITY[mildest] > GRAVITY[belief.state]:
        return Belief(mildest, recent)
    if GRAVITY[worst] < GRAVITY[belief.state]:
        return Belief(worst, recent)
    return replace(belief, recent=recent)


def level_of(state: State, level: str) -> str:
    """How loud an alert is: degraded is medium, whatever the check's own level."""
    return "medium" if state == "degraded" else level


def worst_first(standings: Iterable[Standing]) -> Sequence[Standing]:
    """Down, degraded, then what nobody knows, then healthy; the rest as the runbook orders them."""
    order = ("down", "degraded", "unknown", "unsupported", "healthy")
    return sorted(standings, key=lambda standing: order.index(standing.state))


def pace_shown(span: timedelta) -> str:
    """A short time as a person reads it: `84ms`, `2.5s`; from a minute on to the second."""
    ms = span / timedelta(milliseconds=1)
    if ms < 1000:
        return f"{ms:.0f}ms"
    if ms < 60_000:
        return f"{ms / 1000:.3g}s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m" if hours else f"{minutes}m{seconds}s"
