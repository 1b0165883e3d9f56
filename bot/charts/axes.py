"""Positions of grid lines: round values, and round local times."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

MINUTE, HOUR = 60, 3600
STEPS_S = tuple(n * MINUTE for n in (1, 2, 5, 10, 15, 30)) + tuple(n * HOUR for n in (1, 2, 3, 6, 12, 24))
MOST_TIMES = 10
FEWEST_VALUES = 4


def round_values(highest: float, *, whole: bool = False) -> list[float]:
    """From 0 to the first value that isn't below `highest`, in steps of 1, 2, 2.5 or 5 times a power of ten.

    `whole`: whole numbers only, for counts.
    """
    rough = (highest or 1) / FEWEST_VALUES
    power = 10 ** floor(log10(rough))
    step = max(factor * power for factor in (1, 2, 2.5, 5) if factor * power <= rough)
    step = ceil(step) if whole else step
    # Minus an epsilon: in floating point, 0.07 / 0.01 is slightly more than 7.
    return [step * n for n in range(ceil((highest or 1) / step - 1e-9) + 1)]


def round_times(begin: float, end: float, zone: ZoneInfo) -> Iterator[tuple[float, str]]:
    """Unix seconds and local time as `HH:MM`. Whole hours stay whole across clock changes."""
    step = next((step for step in STEPS_S if (end - begin) / step <= MOST_TIMES), STEPS_S[-1])
    midnight = datetime.fromtimestamp(begin, zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    steps = ceil((end - begin + 24 * HOUR) / step) + 2
    for wall in (midnight + timedelta(seconds=step * n) for n in range(steps)):
        at = wall.replace(tzinfo=zone)
        seconds = at.timestamp()
        # Skip local times that don't exist because the clocks go forward.
        if begin <= seconds <= end and at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall:
            yield seconds, f"{wall:%H:%M}"
