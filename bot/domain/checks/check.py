"""How a check stands: what one look found, and how many alike in a row it takes to believe it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from bot.domain.alerts.received import Level

State = Literal["healthy", "degraded", "down"]
GRAVITY: dict[State, int] = {"healthy": 0, "degraded": 1, "down": 2}

# A check that has changed so often within so many looks is flapping: ill for the third time, that is.
FLAPPING_FROM = 5
LOOKED_BACK = 20
NEVER_TO_FLAP: tuple[Level, ...] = ("critical", "high")
# So many times as many good looks must follow each other before it is believed well again.
STEADIER = 3


@dataclass(frozen=True)
class ProbeResult:
    """What one look found. `value` is what was measured; `reason` says why that is not healthy, '' when it is.

    `measured` is the number that is worth drawing; None: that is how long the answer took.
    """

    state: State
    value: str
    latency: timedelta
    reason: str = ""
    measured: float | None = None

    @property
    def pace(self) -> str:
        """How long the answer took, as a person reads it: `84 ms`."""
        return pace_shown(self.latency)


@dataclass(frozen=True)
class Belief:
    """What the watch holds true, and the latest looks that may change it, oldest first."""

    state: State = "healthy"
    recent: tuple[State, ...] = ()

    @property
    def counted(self) -> int:
        """How many looks `changes` is about."""
        return min(len(self.recent), LOOKED_BACK)

    @property
    def changes(self) -> int:
        """How often it was well and then ill, or ill and then well, of late."""
        well = [state == "healthy" for state in self.recent[-LOOKED_BACK:]]
        return sum(before != after for before, after in pairwise(well))

    @property
    def is_flapping(self) -> bool:
        """It comes and goes."""
        return self.changes >= FLAPPING_FROM


@dataclass(frozen=True)
class Latest:
    """The latest look at a check, and since when it has been found in this state."""

    state: State
    since: datetime
    looked_at: datetime
    value: str
    reason: str
    latency: timedelta
    recent: Sequence[State] = ()

    @property
    def watched(self) -> Belief:
        """As the watch has seen it of late, its own looks alone."""
        return Belief(self.state, tuple(self.recent))

    @property
    def pace(self) -> str:
        """How long the answer took, as a person reads it: `84 ms`."""
        return pace_shown(self.latency)


@dataclass(frozen=True)
class CheckStanding:
    """A check as it is shown. `expects` is what it is measured against; `latest` None: nobody has looked yet."""

    name: str
    kind: str
    expects: str
    latest: Latest | None = None

    @property
    def has_pace(self) -> bool:
        return has_pace(self.kind)

    @property
    def state(self) -> str:
        """The latest state; `unknown` without a look."""
        return self.latest.state if self.latest else "unknown"


@dataclass(frozen=True)
class StateChange:
    """A change of state in the history of a check. `until` None: it has been so since."""

    check: str
    state: State
    at: datetime
    until: datetime | None
    value: str
    reason: str


def has_pace(kind: str) -> bool:
    """How long a look took says something; of a disk it does not."""
    return kind != "disk"


def no_answer(reason: str, latency: timedelta, value: str = "no answer") -> ProbeResult:
    return ProbeResult("down", value, latency, reason)


def worsened(finding: ProbeResult, reason: str, state: State = "degraded") -> ProbeResult:
    """Never milder than it was; every reason is kept."""
    graver = max(finding.state, state, key=GRAVITY.__getitem__)
    return replace(finding, state=graver, reason=f"{finding.reason}; {reason}" if finding.reason else reason)


def paced(finding: ProbeResult, slow: timedelta | None) -> ProbeResult:
    """Degraded when the answer took longer than `slow`; None: it may take as long as it likes."""
    if slow is None or finding.latency <= slow:
        return finding
    return worsened(finding, f"took {pace_shown(finding.latency)}, slow above {pace_shown(slow)}")


def uncrowded(finding: ProbeResult, used: int, most: int, below: float | None) -> ProbeResult:
    """Degraded when the share in use is not below so many per cent; None: all of them may be in use."""
    share = 100 * used / most if most else 100.0
    if below is None or share < below:
        return finding
    return worsened(finding, f"{share:.0f}% in use, wanted below {below:g}%")


def believe(belief: Belief, seen: State, in_a_row: int, *, level: Level = "medium") -> Belief:
    """The belief after one more look at a check of this level.

    It grows worse to the mildest of the last `in_a_row` looks when all of them are worse than what was believed, and
    better to the worst of as many when all are better. A state that comes and goes changes nothing; and while it does
    so all the time, one alert stays open instead of many that begin and end. One of a check that matters is opened for
    nothing but that: who is well every other time is not well.
    """
    recent = (*belief.recent, seen)[-max(LOOKED_BACK, in_a_row * STEADIER) :]
    after = replace(belief, recent=recent)
    mildest = min(recent[-in_a_row:], key=GRAVITY.__getitem__)
    if len(recent) >= in_a_row and GRAVITY[mildest] > GRAVITY[belief.state]:
        return replace(after, state=mildest)
    needed = looks_to_recover(after, in_a_row)
    worst = max(recent[-needed:], key=GRAVITY.__getitem__)
    if len(recent) >= needed and GRAVITY[worst] < GRAVITY[belief.state]:
        return replace(after, state=worst)
    if after.state == "healthy" and seen != "healthy" and after.is_flapping and level in NEVER_TO_FLAP:
        return replace(after, state="degraded")
    return after


def looks_to_recover(belief: Belief, in_a_row: int) -> int:
    """How many better looks in a row it takes to believe them."""
    return in_a_row * STEADIER if belief.is_flapping else in_a_row


def level_of(belief: Belief, level: Level) -> Level:
    """How loud an alert is: degraded is medium, whatever the check's own level; what is down time and again is not."""
    is_down = belief.state == "down" or (belief.is_flapping and "down" in belief.recent[-LOOKED_BACK:])
    return level if is_down else "medium"


def worst_first(standings: Iterable[CheckStanding]) -> Sequence[CheckStanding]:
    """Down, degraded, then what nobody knows, then healthy; the rest as the runbook orders them."""
    order = ("down", "degraded", "unknown", "healthy")
    return sorted(standings, key=lambda standing: order.index(standing.state))


def pace_shown(span: timedelta) -> str:
    """A short time as a person reads it: `84 ms`, `2.5 s`; from a minute on to the second."""
    ms = span / timedelta(milliseconds=1)
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.3g} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
