"""Where the lines of a grid stand: round values, and round times of day in a zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

MINUTE, HOUR = 60, 3600
STEPS_S = tuple(n * MINUTE for n in (1, 2, 5, 10, 15, 30)) + tuple(n * HOUR for n in (1, 2, 3, 6, 12, 24))
MOST_TIMES = 10
FEWEST_VALUES = 4


def round_values(highest: float, *, whole: bool = False) -> list[float]:
    """From 0 to the first one that is not below `highest`, in steps of 1, 2, 2.5 or 5 times a power of ten.

    `whole`: of what is counted, of which there are no halves.
    """
    rough = (highest or 1) / FEWEST_VALUES
    power = 10 ** floor(log10(rough))
    step = max(factor * power for factor in (1, 2, 2.5, 5) if factor * power <= rough)
    step = ceil(step) if whole else step
    # A hair less: 0.07 is seven steps of 0.01, and to a computer a little more.
    return [step * n for n in range(ceil((highest or 1) / step - 1e-9) + 1)]


def round_times(begin: float, end: float, zone: ZoneInfo) -> Iterator[tuple[float, str]]:
    """Unix seconds and how a clock there shows them: whole hours stay whole where the clock changes."""
    step = next((step for step in STEPS_S if (end - begin) / step <= MOST_TIMES), STEPS_S[-1])
    midnight = datetime.fromtimestamp(begin, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    steps = ceil((end - begin + 24 * HOUR) / step) + 2
    for wall in (midnight + timedelta(seconds=step * n) for n in range(steps)):
        at = wall.replace(tzinfo=zone)
        seconds = at.timestamp()
        # An hour that the clock leaves out is on no clock.
        if begin <= seconds <= end and at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall:
            yield seconds, f"{wall:%H:%M}"
