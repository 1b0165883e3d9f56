"""`/health`: how everything stands that the runbook watches, and how it has been."""

from dataclasses import replace

from bot.slack.blocks import Button
from commands.call import Answer, Call, Reply
from commands.command import Command

COMMAND = Command("health", summary="How everything stands that is watched.")


@COMMAND.alone
async def everything(call: Call) -> Answer:
    """All checks, looked at now, worst first, and how old the backups are."""
    return await _look_at_all(call)


@COMMAND.otherwise
async def one(call: Call) -> Answer:
    """`/health <check>`, looked at now."""
    return await _look_at(call, call.text)


@COMMAND.verb("history", "changes", usage="history [check]", help="when the checks changed, and how long it lasted")
async def history(call: Call) -> Answer:
    turns = await call.house.health.history(call.text or None)
    return call.say("health_history", name=call.text, turns=turns)


@COMMAND.verb("errors", usage="errors [1h]", help="what applications have reported")
async def errors(call: Call) -> Answer:
    return call.say("health_errors")


@COMMAND.button("health.run")
async def run_again(call: Call) -> Answer:
    """Of one check, or of all when the button names none; the answer takes the place of the old one."""
    answer = await _look_at(call, call.value) if call.value else await _look_at_all(call)
    return replace(answer, replace=True)


async def _look_at_all(call: Call) -> Reply:
    standings = await call.house.health.look_at_all()
    return call.say(
        "health",
        buttons=(Button("Run again", "health.run"),),
        standings=standings,
        ill=sum(standing.state != "healthy" for standing in standings),
        backups=await call.house.backups.standings(),
        now=call.house.clock.now(),
    )


async def _look_at(call: Call, name: str) -> Reply:
    standing = await call.house.health.look_at(name)
    check = call.house.runbook.health.checks[standing.name]
    return call.say(
        "health_check", buttons=(Button("Run again", "health.run", check.key),), standing=standing, check=check
    )
