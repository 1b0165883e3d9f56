"""Statistics of a period."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bot.domain.errors import Failed
from bot.domain.statistics.numbers import Numbers
from bot.slack.blocks import Button, picture
from commands.desk.call import Answer, Call, Reply
from commands.incident.book import COMMAND

log = logging.getLogger(__name__)

PEOPLE_SHOWN = 10
OFFERED = (("30 days", "30d"), ("Quarter", "quarter"), ("Year", "year"))
# Draws a chart of the numbers; None: nothing to draw.
Draw = Callable[[Numbers], Awaitable[Any]]


@COMMAND.verb(
    "stats", "statistics", "numbers", "metrics", usage="stats [30d|quarter|2026]", help="how many, how long, how fast"
)
async def stats(call: Call) -> Answer:
    """Words first; charts follow once drawn."""
    numbers = await call.house.statistics.said(call.text)
    charts = call.house.statistics_charts
    return replace(_words(call, numbers), then=partial(_pictures, call, numbers, (charts.hours, charts.times)))


@COMMAND.button("incident.stats")
async def again(call: Call) -> Answer:
    return replace(_words(call, await call.house.statistics.said(call.value)), replace=True)


async def _pictures(call: Call, numbers: Numbers, draws: Sequence[Draw]) -> Reply | None:
    """The charts, one after another; None when there is nothing to draw or no way to show it."""
    if not draws:
        return None
    try:
        drawn = await draws[0](numbers)
    except Failed as error:
        log.warning("request=%s no chart of numbers: %s", call.actor.request, error)
        return None
    rest = partial(_pictures, call, numbers, draws[1:])
    return Reply(picture(drawn.file, drawn.alt), has_file=True, then=rest) if drawn else await rest()


def _words(call: Call, numbers: Numbers) -> Reply:
    buttons = tuple(Button(label, f"incident.stats#{said}", said) for label, said in OFFERED)
    return call.say("stats", numbers=numbers, people_shown=PEOPLE_SHOWN, buttons=buttons)
