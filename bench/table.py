"""The result of a measurement, as text for a terminal and as Markdown."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from bench.machine import Machine

WIDTH = 100


@dataclass(frozen=True)
class Table:
    """`how`: what was measured, from where to where. `rows` have a cell per column."""

    name: str
    title: str
    how: str
    machine: Machine
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def as_text(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [_line(row, widths) for row in (self.columns, ["-" * width for width in widths], *self.rows)]
        words = [f"{self.name}: {self.title}", *wrap(self.how, WIDTH), *wrap(f"On {self.machine}.", WIDTH)]
        return "\n".join([*words, "", *lines])

    def as_markdown(self) -> str:
        lines = [f"| {' | '.join(row)} |" for row in (self.columns, ["---"] * len(self.columns), *self.rows)]
        return "\n".join([self.how, "", *lines, "", f"On {self.machine}."])


@dataclass(frozen=True)
class Spread:
    """Durations in milliseconds, and their distribution."""

    durations_ms: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.durations_ms)

    @property
    def p99(self) -> float:
        """By nearest rank: with fewer than 100 durations, it's the longest."""
        return sorted(self.durations_ms)[math.ceil(0.99 * len(self.durations_ms)) - 1]

    @property
    def longest(self) -> float:
        return max(self.durations_ms)


def ms(duration: float) -> str:
    return f"{duration:.1f} ms" if duration < 10 else f"{duration:,.0f} ms"


def met(is_met: bool) -> str:
    return "yes" if is_met else "no"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
