"""A dry run: who would be paged, before a night shows it."""

from bot.domain.errors import Refused
from commands.desk.call import Answer, Call
from commands.desk.when import moment
from commands.escalate.book import COMMAND

# Enough for every tier of a ladder and one repeat; the rest is the same again.
SHOWN = 20


@COMMAND.verb(
    "simulate", usage="simulate <SEV> [when]", help="who would be paged, when and by what, with the gaps; pages nobody"
)
async def simulate(call: Call) -> Answer:
    if not call.text.strip():
        raise Refused("Type which severity and when: `/escalate simulate P1 Sun 03:00`; without a time it is now.")
    severity, when = call.house.runbook.severity_first(call.text)
    now, zone = call.house.clock.now(), call.house.runbook.timezone
    begins = await moment(when, now=now, zone=zone) if when else now
    if begins < now:
        raise Refused("That time has passed. Give a future time.")
    found = await call.house.simulations.simulate(severity, begins)
    return call.say(
        "simulation",
        severity=severity,
        begins=begins,
        tiers=call.house.runbook.tiers,
        simulation=found,
        shown=found.rungs[:SHOWN],
    )
