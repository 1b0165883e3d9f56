"""Draws a bar chart: a group per label, with a bar per series."""

from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageDraw

from bot.charts.axes import round_values
from bot.charts.fonts import font

# As in the line chart.
FINER = 3
WIDTH, HEIGHT = 1200, 420
LEFT, RIGHT, TOP, BOTTOM = 96, 32, 60, 44
INK, PALE, GRID = "#1d1c1d", "#5e5d60", "#e3e3e3"
# They differ in lightness too, for people who don't see the colours; the second is also hatched.
SERIES = ("#1d63c4", "#e8a33d")
HATCH = 5
REGULAR, BOLD = 400, 700
TITLE, SMALL, SMALLEST = 21, 17, 15
# The share of a group's width that is filled by bars.
FILLED = 0.72


class BarCanvas:
    """One chart; lengths are in pixels of the final image."""

    def __init__(self, chart: Mapping[str, Any]) -> None:
        self._chart = chart
        self._image = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), "white")
        self._draw = ImageDraw.Draw(self._image)
        values = [value for one in chart["series"] for value in one["values"] if value is not None]
        # Values without a unit are counts.
        self._is_counted = not chart["unit"]
        self._highest = max(values, default=0) * 1.08 or 1

    def drawn(self) -> Image.Image:
        self._grid()
        for place, label in enumerate(self._chart["labels"]):
            self._group(place, label)
        self._text((LEFT, 22), self._chart["title"], TITLE, weight=BOLD, anchor="lm")
        self._text((LEFT - 10, 22), self._chart["unit"], SMALL, anchor="rm", colour=PALE)
        if len(self._chart["series"]) > 1:
            self._legend()
        return self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)

    def _grid(self) -> None:
        for value in round_values(self._highest, whole=self._is_counted):
            if value <= self._highest:
                y = self._y(value)
                self._draw.line([FINER * edge for edge in (LEFT, y, WIDTH - RIGHT, y)], GRID, FINER)
                self._text((LEFT - 10, y), f"{value:g}", SMALL, anchor="rm")

    def _group(self, place: int, label: str) -> None:
        room = (WIDTH - LEFT - RIGHT) / len(self._chart["labels"])
        begin = LEFT + room * place
        series = self._chart["series"]
        width = room * FILLED / len(series)
        for number, one in enumerate(series):
            value = one["values"][place]
            left = begin + room * (1 - FILLED) / 2 + width * number
            if value or (value is not None and not self._is_counted):
                self._bar(left, left + width - 1, value, number)
        self._text((begin + room / 2, HEIGHT - BOTTOM + 10), label, SMALL, anchor="ma")

    def _bar(self, left: float, right: float, value: float, number: int) -> None:
        box = [FINER * edge for edge in (left, self._y(value), right, HEIGHT - BOTTOM)]
        self._draw.rectangle(box, SERIES[number % len(SERIES)])
        if number % 2:
            for y in range(round(box[1]), round(box[3]), HATCH * FINER):
                self._draw.line([box[0], y, box[2], y], "white", FINER)
        self._text(((left + right) / 2, self._y(value) - 3), f"{value:g}", SMALLEST, anchor="mb", colour=PALE)

    def _legend(self) -> None:
        x = WIDTH - RIGHT
        for number, one in reversed(list(enumerate(self._chart["series"]))):
            x -= round(font(SMALLEST * FINER, REGULAR).getlength(one["name"]) / FINER)
            self._text((x, 22), one["name"], SMALLEST, anchor="lm")
            x -= 34
            box = [FINER * edge for edge in (x, 14, x + 26, 30)]
            self._draw.rectangle(box, SERIES[number % len(SERIES)])
            for y in range(14, 30, HATCH) if number % 2 else ():
                self._draw.line([FINER * edge for edge in (x, y, x + 26, y)], "white", FINER)
            x -= 20

    def _y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self._highest

    def _text(
        self, place: tuple[float, float], words: str, size: int, *, weight: int = REGULAR, anchor: str = "la",
        colour: str = INK,
    ) -> None:  # fmt: skip
        x, y = place
        self._draw.text((FINER * x, FINER * y), words, colour, font(size * FINER, weight), anchor=anchor)
