"""The numbers of a period."""

from bot.slack.blocks import Button
from commands.desk.call import Answer, Call
from commands.incident.book import COMMAND

PEOPLE_SHOWN = 10


@COMMAND.verb(
    "stats", "statistics", "numbers", "metrics", usage="stats [30d|quarter|2026]", help="how many, how long, how fast"
)
async def stats(call: Call) -> Answer:
    return await _of(call, call.text)


@COMMAND.button("incident.stats")
async def again(call: Call) -> Answer:
    return await _of(call, call.value)


async def _of(call: Call, words: str) -> Answer:
    numbers = await call.house.statistics.said(words)
    offered = [(name, said) for name, said in (("30 days", "30d"), ("Quarter", "quarter"), ("Year", "year"))]
    buttons = tuple(Button(label, f"incident.stats#{said}", said) for label, said in offered)
    return call.say("stats", numbers=numbers, people_shown=PEOPLE_SHOWN, buttons=buttons)
