"""Draws one chart: its facts come in as JSON, the picture goes out as a PNG."""

import json
import sys
from collections.abc import Mapping
from math import nan
from typing import Any
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure

# The library counts time in days.
DAY_S = 86_400
SIZE_INCHES = (8, 2.8)
DOTS_PER_INCH = 150
LINE, LIMIT, INK, GRID = "#1d63c4", "#8a5a00", "#1d1c1d", "#e3e3e3"
# A limit is drawn when it is at most so many times the highest value.
FARTHEST = 4
# Told apart by hatching as well as by colour.
STATES = {"down": ("#d3213c", "///"), "degraded": ("#e8a33d", "..")}


def main() -> None:
    figure = drawn(json.load(sys.stdin))
    FigureCanvasAgg(figure).print_png(sys.stdout.buffer)


def drawn(chart: Mapping[str, Any]) -> Figure:
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    zone = ZoneInfo(chart["zone"])
    _line(axes, chart)
    _stretches(axes, chart)
    if _is_near(chart):
        axes.axhline(chart["limit"], color=LIMIT, linestyle="--", linewidth=1, label="limit")
    _frame(axes, chart, zone)
    return figure


def _is_near(chart: Mapping[str, Any]) -> bool:
    """A limit that is far away would press the line flat."""
    values = [value for _, value in chart["points"] if value is not None]
    return chart["limit"] is not None and chart["limit"] <= FARTHEST * max(values, default=0)


def _line(axes: Axes, chart: Mapping[str, Any]) -> None:
    """A point without a neighbour is seen too."""
    times = [at / DAY_S for at, _ in chart["points"]]
    values = [nan if value is None else value for _, value in chart["points"]]
    axes.plot(times, values, color=LINE, linewidth=1.2, marker="o", markersize=1.6)


def _stretches(axes: Axes, chart: Mapping[str, Any]) -> None:
    named: set[str] = set()
    for stretch in chart["stretches"]:
        begin, end = stretch["begin"] / DAY_S, stretch["end"] / DAY_S
        colour, hatch = STATES[stretch["state"]]
        # One of each kind stands in the legend.
        label = stretch["state"] if stretch["state"] not in named else None
        axes.axvspan(begin, end, facecolor=colour, edgecolor=colour, alpha=0.3, hatch=hatch, linewidth=0.5, label=label)
        named.add(stretch["state"])


def _frame(axes: Axes, chart: Mapping[str, Any], zone: ZoneInfo) -> None:
    axes.set_title(chart["title"], loc="left", fontsize=10, fontweight="bold", color=INK)
    axes.set_ylabel(chart["unit"], fontsize=8, color=INK)
    axes.set_xlim(chart["begin"] / DAY_S, chart["end"] / DAY_S)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(AutoDateLocator(tz=zone, minticks=5, maxticks=10))
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=zone))
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, colors=INK, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="upper left", fontsize=7, ncols=3, framealpha=0.85)


if __name__ == "__main__":
    main()
