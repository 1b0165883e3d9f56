"""Draws one chart: reads it as JSON from stdin, writes a PNG to stdout."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw

from bot.charts.axes import round_times, round_values
from bot.charts.bars import BarCanvas
from bot.charts.fonts import font

# Supersampling: everything is drawn this many times larger and scaled down, which smooths edges.
FINER = 3
WIDTH, HEIGHT = 1200, 420
LEFT, RIGHT, TOP, BOTTOM = 96, 32, 44, 40
LINE, LIMIT, INK, PALE, GRID = "#1d63c4", "#8a5a00", "#1d1c1d", "#5e5d60", "#e3e3e3"
TITLE, SMALL, SMALLEST, SMALLEST_TITLE = 21, 17, 15, 9
REGULAR, BOLD = 400, 700
# A limit is drawn only if it is at most this many times the highest value.
FARTHEST = 4
# Headroom above the highest value, as a factor.
AIR = 1.05
# Distinguished by hatching as well as by colour.
STATES = {"down": "#d3213c", "degraded": "#e8a33d"}
TINT = 0.3
HATCH = 14


def main() -> None:
    drawn(json.load(sys.stdin)).save(sys.stdout.buffer, "PNG", optimize=True)


def drawn(chart: Mapping[str, Any]) -> Image.Image:
    return BarCanvas(chart).drawn() if "series" in chart else Canvas(chart).drawn()


class Canvas:
    """One chart. Lengths are in pixels of the final image, times in Unix seconds."""

    def __init__(self, chart: Mapping[str, Any]) -> None:
        self._chart = chart
        self._image = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), "white")
        self._draw = ImageDraw.Draw(self._image)
        shown = [value for _, value in chart["points"] if value is not None]
        # A limit far away would flatten the line.
        self._limit = chart["limit"] if (chart["limit"] or 0) <= FARTHEST * max(shown, default=0) else None
        self._highest = AIR * max([*shown, self._limit or 0], default=0)

    def drawn(self) -> Image.Image:
        for stretch in self._chart["stretches"]:
            self._tint(stretch)
        self._grid()
        self._line()
        if self._limit is not None:
            self._dashes(self._limit)
        self._title(room=self._legend() - LEFT)
        return self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)

    def _x(self, at: float) -> float:
        begin: float = self._chart["begin"]
        end: float = self._chart["end"]
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - begin) / (end - begin)

    def _y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / (self._highest or 1)

    def _tint(self, stretch: Mapping[str, Any]) -> None:
        left, right = (round(FINER * self._x(stretch[side])) for side in ("begin", "end"))
        self._fill((left, TOP * FINER, max(right, left + FINER), (HEIGHT - BOTTOM) * FINER), stretch["state"])

    def _fill(self, box: tuple[int, int, int, int], state: str) -> None:
        """`box` is in pixels of the larger image."""
        size = (box[2] - box[0], box[3] - box[1])
        area = Image.new("RGB", size, "white")
        area.paste(Image.blend(area, Image.new("RGB", size, STATES[state]), TINT))
        hatching, step = ImageDraw.Draw(area), HATCH * FINER
        if state == "down":
            for x in range(-size[1], size[0], step):
                hatching.line([(x, size[1]), (x + size[1], 0)], STATES[state], FINER)
        else:
            for x in range(step // 4, size[0], step // 2):
                for y in range(step // 4, size[1], step // 2):
                    hatching.ellipse((x - FINER, y - FINER, x + FINER, y + FINER), STATES[state])
        self._image.paste(area, box)

    def _grid(self) -> None:
        for value in round_values(self._highest):
            if value <= self._highest or not self._highest:
                self._stroke([(LEFT, self._y(value)), (WIDTH - RIGHT, self._y(value))], GRID, 1)
                self._text((LEFT - 10, self._y(value)), f"{value:g}", SMALL, anchor="rm")
        for at, clock in round_times(self._chart["begin"], self._chart["end"], ZoneInfo(self._chart["zone"])):
            self._stroke([(self._x(at), TOP), (self._x(at), HEIGHT - BOTTOM)], GRID, 1)
            self._text((self._x(at), HEIGHT - BOTTOM + 8), clock, SMALL, anchor="ma")
        self._text((LEFT - 10, 20), self._chart["unit"], SMALL, anchor="rm", colour=PALE)
        self._stroke([(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM)], INK, 1.3)

    def _line(self) -> None:
        """Isolated points are visible too."""
        for run in _runs(self._chart["points"]):
            places = [(self._x(at), self._y(value)) for at, value in run]
            self._stroke(places, LINE, 2.2)
            for x, y in places:
                self._draw.ellipse([FINER * edge for edge in (x - 1.6, y - 1.6, x + 1.6, y + 1.6)], LINE)

    def _dashes(self, value: float) -> None:
        y = self._y(value)
        for x in range(LEFT, WIDTH - RIGHT, 12):
            self._stroke([(x, y), (min(x + 8, WIDTH - RIGHT), y)], LIMIT, 2)

    def _title(self, *, room: float) -> None:
        """In the largest font size that fits."""
        words = self._chart["title"]
        sizes = range(TITLE, SMALLEST_TITLE, -1)
        size = next((size for size in sizes if self._length(words, size, BOLD) <= room), SMALLEST_TITLE)
        self._text((LEFT, 20), words, size, weight=BOLD, anchor="lm")

    def _legend(self) -> float:
        """One entry per kind, in the order they are drawn. Returns the left edge."""
        names = list(dict.fromkeys(one["state"] for one in self._chart["stretches"]))
        names += ["limit"] * (self._limit is not None)
        x = WIDTH - RIGHT
        for name in reversed(names):
            x -= round(self._length(name, SMALLEST, REGULAR))
            self._text((x, 20), name, SMALLEST, anchor="lm")
            x -= 34
            if name == "limit":
                self._stroke([(x, 20), (x + 10, 20)], LIMIT, 2)
                self._stroke([(x + 16, 20), (x + 26, 20)], LIMIT, 2)
            else:
                self._fill((x * FINER, 12 * FINER, (x + 26) * FINER, 29 * FINER), name)
            x -= 20
        return x

    def _stroke(self, places: list[tuple[float, float]], colour: str, width: float) -> None:
        self._draw.line([(FINER * x, FINER * y) for x, y in places], colour, round(FINER * width), joint="curve")

    def _text(
        self, place: tuple[float, float], words: str, size: int, *, weight: int = REGULAR, anchor: str = "la",
        colour: str = INK,
    ) -> None:  # fmt: skip
        x, y = place
        self._draw.text((FINER * x, FINER * y), words, colour, font(size * FINER, weight), anchor=anchor)

    def _length(self, words: str, size: int, weight: int) -> float:
        return font(size * FINER, weight).getlength(words) / FINER


def _runs(points: list[tuple[float, float | None]]) -> Iterator[list[tuple[float, float]]]:
    """The runs of consecutive measured points."""
    run: list[tuple[float, float]] = []
    for at, value in [*points, (0.0, None)]:
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []


if __name__ == "__main__":
    main()
