"""What is counted in a period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.statistics.period import Period

# The pair of milestones each duration lies between.
PAIRS: Mapping[str, tuple[str, str]] = {
    "detect": ("started", "detected"),
    "acknowledge": ("declared", "acknowledged"),
    "mitigate": ("detected", "mitigated"),
    "resolve": ("started", "resolved"),
}
PROMISES = ("acknowledged", "resolved", "updates", "postmortems", "actions")
# Local hours that count as night.
NIGHT_BEGINS, NIGHT_ENDS = 22, 7
# A group firing this often within a day is flapping.
FLAPS, FLAPS_WITHIN = 3, timedelta(days=1)


@dataclass(frozen=True)
class Spread:
    """`p90`: the 90th percentile."""

    n: int
    median: timedelta
    mean: timedelta
    p90: timedelta


@dataclass(frozen=True)
class Kept:
    """`open`: undecided."""

    kept: int = 0
    missed: int = 0
    open: int = 0


@dataclass(frozen=True)
class Counts:
    """`sources`: `person`, or what reported it. `dated`: how many have a start stated by a person."""

    all: int = 0
    open: int = 0
    reopened: int = 0
    severities: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    hours: Mapping[int, int] = field(default_factory=dict)
    dated: int = 0


@dataclass(frozen=True)
class PagedPerson:
    """Each ladder step counts once, whatever the number of ways. `answered`: acknowledgements after a page. `median`,
    `p90` None: no answers."""

    person: str
    pages: int
    at_night: int
    at_weekends: int
    answered: int = 0
    median: timedelta | None = None
    p90: timedelta | None = None


@dataclass(frozen=True)
class Noise:
    """`groups`: cards. `unacted`: acknowledged, and over without an incident. `tied`: alerts that belong to one of
    `incidents` incidents."""

    alerts: int = 0
    groups: int = 0
    tied: int = 0
    incidents: int = 0
    unacted: int = 0
    flapping: int = 0
    silenced: int = 0

    @property
    def alerts_per_incident(self) -> float | None:
        """The mean number of alerts per incident that has any; None: no alert belongs to an incident."""
        return round(self.tied / self.incidents, 2) if self.incidents else None


@dataclass(frozen=True)
class Recovery:
    """Drills or restores (`what`) of one database: how many ended, succeeded, met their objective."""

    what: str
    name: str
    count: int
    good: int
    rto_met: int
    rto_missed: int


@dataclass(frozen=True)
class Availability:
    """`available`: percentage of looks; `measured`: time since the first look."""

    check: str
    available: float
    measured: timedelta | None

    @property
    def shown(self) -> str:
        """Never rounded up: 100% means all of it."""
        return "100%" if self.available == 100 else f"{min(self.available, 99.99):.2f}%"

    def is_partly_measured(self, span: timedelta) -> bool:
        return self.measured is not None and self.measured < 0.9 * span


@dataclass(frozen=True)
class LeftOut:
    """`private` ones are counted, without details; `unresolved` ones have no time to resolve yet."""

    drills: int = 0
    private: int = 0
    unresolved: int = 0


@dataclass(frozen=True)
class Numbers:
    period: Period
    counts: Counts
    times: Mapping[str, Spread]
    times_by_severity: Mapping[str, Mapping[str, Spread]]
    promises: Mapping[str, Kept]
    people: Sequence[PagedPerson]
    noise: Noise
    availability: Sequence[Availability]
    recoveries: Sequence[Recovery]
    rpo: Mapping[str, Kept]
    left_out: LeftOut
