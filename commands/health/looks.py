"""The state of everything the runbook watches, and its history."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.domain.errors import Failed, NotFound
from bot.runbook import duration_read, spoken_duration
from bot.slack.blocks import Button, picture
from commands.desk.call import Answer, Call, Reply
from commands.desk.typed import first_word
from commands.health.book import COMMAND

log = logging.getLogger(__name__)


# Slow checks do not hold up the others: with the database round trip, the first answer takes about 0.2 s.
TIMEOUT_S = 0.1
ERRORS_WITHIN = timedelta(hours=1)


@COMMAND.alone
async def everything(call: Call) -> Answer:
    """All checks, run now, worst first, and the age of backups."""
    return await _look_at_all(call)


@COMMAND.otherwise
async def one(call: Call) -> Answer:
    """`/health <check>`, run now."""
    _must_not_be_a_mistyped_verb(call)
    return await _look_at(call, call.text, with_chart=True)


def _must_not_be_a_mistyped_verb(call: Call) -> None:
    """Raises NotFound, with the verb that was probably meant."""
    checks = [name.lower() for name in call.house.runbook.health.checks]
    word = first_word(call.text)[0]
    if call.text.lower() not in checks and COMMAND.nearest(word, checks) not in (None, *checks):
        raise NotFound(COMMAND.unknown(word, checks))


@COMMAND.verb(
    "history", "changes", "uptime", usage="history [check]", help="history of the checks: availability and changes"
)
async def history(call: Call) -> Answer:
    turns = await call.house.health.history(call.text or None)
    uptimes = await call.house.health.availability(call.text or None)
    health = call.house.runbook.health
    targets = {name: health.availability_of(check) for name, check in health.checks.items()}
    return call.say("health_history", name=call.text, turns=turns, uptimes=uptimes, targets=targets)


@COMMAND.verb("errors", usage="errors [1h]", help="what applications reported in this time, worst first, counted")
async def errors(call: Call) -> Answer:
    span = spoken_duration(call.text.removeprefix("last ")) if call.text else ERRORS_WITHIN
    return call.say("health_errors", reported=await call.house.error_listing.within(span))


@COMMAND.button("health.run")
async def run_again(call: Call) -> Answer:
    """One check, or all if the button names none; the answer replaces the old one."""
    answer = await _look_at(call, call.value) if call.value else await _look_at_all(call)
    return replace(answer, replace=True)


async def _look_at_all(call: Call) -> Reply:
    """Answer with what is known soon; the full answer follows when slow checks are done."""
    looks = await call.house.health.look()
    out = await looks.within(TIMEOUT_S)

    async def rest() -> Reply:
        await looks.all()
        return await _all(call)

    return replace(await _all(call, out), then=rest) if out else await rest()


async def _look_at(call: Call, name: str, *, with_chart: bool = False) -> Reply:
    """Words first; the chart of the last day follows once drawn."""
    looks = await call.house.health.look(name)
    out = await looks.within(TIMEOUT_S)

    async def rest() -> Reply:
        await looks.all()
        found = await _one(call, name)
        return replace(found, then=partial(_chart, call, name)) if with_chart else found

    return replace(await _one(call, name, out), then=rest) if out else await rest()


async def _all(call: Call, out: Sequence[str] = ()) -> Reply:
    """`out`: checks still running."""
    standings = await call.house.health.standings()
    upkeep, now = await call.house.recurring_tasks.open_or_proved(), call.house.clock.now()
    return call.say(
        "health",
        buttons=() if out else (Button("Run again", "health.run"),),
        standings=standings,
        out=out,
        ill=sum(standing.state != "healthy" for standing in standings),
        backups=await call.house.backups.standings(),
        objectives=call.house.runbook.objectives,
        drills=await call.house.backup_drills.last_of_each(),
        recoveries=await call.house.backup_restores.recoveries(),
        silences=await call.house.silences.in_force(),
        overdue=[one for one in upkeep if call.house.recurring_tasks.is_overdue(one, now)],
        proved=[one for one in upkeep if one.is_proved],
        reviews=call.house.procedure_choice.due_for_review(),
        now=now,
    )


async def _one(call: Call, name: str, out: Sequence[str] = ()) -> Reply:
    check = call.house.health.check(name)
    slow = getattr(check, "slow", None)
    return call.say(
        "health_check",
        buttons=() if out else (Button("Run again", "health.run", check.key),),
        standing=await call.house.health.standing(check.key),
        out=out,
        check=check,
        slow=slow,
        limit=duration_read(slow) if slow else "",
        availability=call.house.runbook.health.availability_of(check),
        uptimes=await call.house.health.uptimes(check.key),
    )


async def _chart(call: Call, name: str) -> Reply | None:
    """The chart; None when there is nothing to draw yet, or no way to show it: then the words stand alone."""
    check = call.house.health.check(name)
    try:
        drawn = await call.house.check_charts.of(check)
    except Failed as error:
        log.warning("request=%s check=%s no chart: %s", call.actor.request, check.key, error)
        return None
    return Reply(picture(drawn.file, drawn.alt), has_file=True) if drawn else None
