"""The state of a check: what one look found, and how many agreeing looks it takes to believe it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from bot.domain.alerts.received import Level

State = Literal["healthy", "degraded", "down"]
GRAVITY: dict[State, int] = {"healthy": 0, "degraded": 1, "down": 2}

# This many changes within the last LOOKED_BACK looks mean flapping, i.e. unhealthy for the third time.
FLAPPING_FROM = 5
LOOKED_BACK = 20
NEVER_TO_FLAP: tuple[Level, ...] = ("critical", "high")
# While flapping, this many times as many good looks are needed to recover.
STEADIER = 3


@dataclass(frozen=True)
class ProbeResult:
    """What one look found. `value`: what was measured; `reason`: why it is not healthy, '' if it is.

    `measured`: the number to chart; None: the latency.
    """

    state: State
    value: str
    latency: timedelta
    reason: str = ""
    measured: float | None = None

    @property
    def pace(self) -> str:
        """The latency for display: `84 ms`."""
        return pace_shown(self.latency)


@dataclass(frozen=True)
class Belief:
    """The state believed, and the recent looks that may change it, oldest first."""

    state: State = "healthy"
    recent: tuple[State, ...] = ()

    @property
    def counted(self) -> int:
        """The number of looks `changes` covers."""
        return min(len(self.recent), LOOKED_BACK)

    @property
    def changes(self) -> int:
        """Recent changes between healthy and unhealthy."""
        well = [state == "healthy" for state in self.recent[-LOOKED_BACK:]]
        return sum(before != after for before, after in pairwise(well))

    @property
    def is_flapping(self) -> bool:
        """Whether it keeps changing."""
        return self.changes >= FLAPPING_FROM


@dataclass(frozen=True)
class Latest:
    """The latest look at a check, and since when it has been in this state."""

    state: State
    since: datetime
    looked_at: datetime
    value: str
    reason: str
    latency: timedelta
    recent: Sequence[State] = ()

    @property
    def watched(self) -> Belief:
        """The belief from the scheduled looks only."""
        return Belief(self.state, tuple(self.recent))

    @property
    def pace(self) -> str:
        """The latency for display: `84 ms`."""
        return pace_shown(self.latency)


@dataclass(frozen=True)
class CheckStanding:
    """A check for display. `expects`: what it is measured against; `latest` None: no look yet."""

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
    """A state change in a check's history. `until` None: it is still so."""

    check: str
    state: State
    at: datetime
    until: datetime | None
    value: str
    reason: str


def has_pace(kind: str) -> bool:
    """Whether latency means anything; not for a disk."""
    return kind != "disk"


def no_answer(reason: str, latency: timedelta, value: str = "no answer") -> ProbeResult:
    return ProbeResult("down", value, latency, reason)


def worsened(finding: ProbeResult, reason: str, state: State = "degraded") -> ProbeResult:
    """At least `state`, never milder than before; all reasons are kept."""
    graver = max(finding.state, state, key=GRAVITY.__getitem__)
    return replace(finding, state=graver, reason=f"{finding.reason}; {reason}" if finding.reason else reason)


def paced(finding: ProbeResult, slow: timedelta | None) -> ProbeResult:
    """Degraded if the answer took longer than `slow`; None: no limit."""
    if slow is None or finding.latency <= slow:
        return finding
    return worsened(finding, f"took {pace_shown(finding.latency)}, slow above {pace_shown(slow)}")


def uncrowded(finding: ProbeResult, used: int, most: int, below: float | None) -> ProbeResult:
    """Degraded if usage reaches `below` per cent; None: no limit."""
    share = 100 * used / most if most else 100.0
    if below is None or share < below:
        return finding
    return worsened(finding, f"{share:.0f}% in use, wanted below {below:g}%")


def believe(belief: Belief, seen: State, in_a_row: int, *, level: Level = "medium") -> Belief:
    """The belief after one more look at a check of this level.

    It worsens to the mildest of the last `in_a_row` looks if all are worse than believed, and improves to the worst of
    as many if all are better. Alternating states change nothing, and while flapping one alert stays open instead of
    many opening and closing. For checks that matter, flapping alone opens one: what fails every other time is not
    healthy.
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
    """Better looks in a row needed to recover."""
    return in_a_row * STEADIER if belief.is_flapping else in_a_row


def level_of(belief: Belief, level: Level) -> Level:
    """The level of its alert: medium if degraded, the check's own if down, even if only now and then while flapping."""
    is_down = belief.state == "down" or (belief.is_flapping and "down" in belief.recent[-LOOKED_BACK:])
    return level if is_down else "medium"


def worst_first(standings: Iterable[CheckStanding]) -> Sequence[CheckStanding]:
    """Down, degraded, unknown, healthy; else in the runbook's order."""
    order = ("down", "degraded", "unknown", "healthy")
    return sorted(standings, key=lambda standing: order.index(standing.state))


def pace_shown(span: timedelta) -> str:
    """A short duration for display: `84 ms`, `2.5 s`; whole seconds from a minute on."""
    ms = span / timedelta(milliseconds=1)
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.3g} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
