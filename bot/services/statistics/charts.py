"""A period's statistics as pictures, each with a description in words for people who can't see it."""

from dataclasses import dataclass
from datetime import timedelta

from bot.charts import BarChart, Drawing, Series
from bot.domain.statistics.numbers import PAIRS, Numbers
from bot.rendering import Rendering
from bot.slack.gateway import Gateway

HOURS = 24
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Picture:
    """`file`: its id in Slack. `alt`: what it shows, in words."""

    file: str
    alt: str


class StatisticsCharts:
    """Draws on every request; nothing is cached. Raises Failed if drawing or the upload to Slack fails."""

    def __init__(self, drawing: Drawing, gateway: Gateway, rendering: Rendering) -> None:
        self._drawing = drawing
        self._gateway = gateway
        self._rendering = rendering

    async def hours(self, numbers: Numbers) -> Picture | None:
        """How many incidents were declared in each hour of the day; None when there were none."""
        if not numbers.counts.all:
            return None
        values = [float(numbers.counts.hours.get(hour, 0)) for hour in range(HOURS)]
        labels = [f"{hour:02d}" for hour in range(HOURS)]
        title = f"Incidents by hour of the day, {numbers.period.shown}"
        return await self._uploaded("hours", BarChart(title, "", labels, [Series("incidents", values)]), numbers)

    async def times(self, numbers: Numbers) -> Picture | None:
        """Median and p90 of each pair of milestones in minutes; None when nothing can be measured."""
        if not numbers.times:
            return None
        spreads = [numbers.times.get(name) for name in PAIRS]
        labels = [f"to {name} ({one.n if one else 0})" for name, one in zip(PAIRS, spreads, strict=True)]
        median = Series("median", [_minutes(one.median) if one else None for one in spreads])
        p90 = Series("90% within", [_minutes(one.p90) if one else None for one in spreads])
        title = f"Times in minutes, {numbers.period.shown}"
        return await self._uploaded("times", BarChart(title, "min", labels, [median, p90]), numbers)

    async def _uploaded(self, what: str, chart: BarChart, numbers: Numbers) -> Picture:
        alt = self._rendering.say("documents/stats_chart", what=what, numbers=numbers)
        picture = await self._drawing.draw(chart)
        return Picture(await self._gateway.upload(f"{what}-{numbers.period.name}.png", picture, alt=alt), alt)


def _minutes(span: timedelta) -> float:
    minutes = span / MINUTE
    return round(minutes) if minutes >= 10 else round(minutes, 1)
