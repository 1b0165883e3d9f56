"""Tasks in an incident: ask somebody for something, mark it as done, hand it over."""

import re
from collections.abc import Mapping
from datetime import timedelta

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident, must_be_open
from bot.domain.tasks.task import WHAT_LENGTH, by_owner, must_be_sensible
from bot.domain.text import cut
from bot.runbook import spoken_duration
from bot.slack.blocks import Input, form
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.typed import as_typed, first_word, is_mention, mentioned
from commands.desk.which_incident import about_an_incident, incident_of_form, titled
from commands.incident.book import COMMAND
from commands.incident.given import LIST, Given

# `15m`, `15 minutes`, `in 15 minutes`: the longest is tried first.
SPAN_WORDS = (3, 2, 1)
# Looks like a duration but is none: `-5m`, `0.5h`.
LIKE_A_SPAN = re.compile(r"[-+]?\d[\d.,e]{0,30} ?(?:s|secs?|m|mins?|minutes?|h|hrs?|hours?|d|days?)", re.IGNORECASE)
NOTHING_TO_DO = "Type what has to be done: `/incident task @user <what> [15m]`."
GIVEN = Given("task", lambda house: house.incident_tasks, while_open=True)
GIVEN.add_to(COMMAND)


@COMMAND.verb("task", "todo", usage="task @user <what> [15m]", help="ask somebody for something, perhaps by a time")
@about_an_incident("incident task")
async def task(call: Call, incident: Incident) -> Answer:
    if call.text.strip().lower() in LIST:
        return await _list(call, incident)
    if not call.text:
        must_be_open(incident, "give tasks")
        return _form(incident)
    who, words = _whom(call)
    what, span = what_and_span(words)
    given = await call.house.incident_tasks.give(call.actor, incident.id, who, what, span)
    return GIVEN.unless_in_room(call, incident, given)


@COMMAND.verb("tasks", usage="tasks", help="who was asked for what; also `task list`")
@about_an_incident("incident tasks")
async def tasks(call: Call, incident: Incident) -> Answer:
    return await _list(call, incident)


def judge_task(values: Mapping[str, str]) -> Mapping[str, str]:
    wrong = {} if values["what"].strip() else {"what": "Type what has to be done."}
    try:
        must_be_sensible(_span(values["span"]))
    except Refused as refusal:
        wrong["span"] = f"{refusal}"
    return wrong


@COMMAND.form("incident.task", judge_task)
async def asked(call: Call) -> Answer:
    incident = await incident_of_form(call)
    who, span = call.house.people.named(call.values["who"]), _span(call.values["span"])
    given = await call.house.incident_tasks.give(call.actor, incident.id, who, call.values["what"], span)
    return GIVEN.unless_in_room(call, incident, given)


def what_and_span(words: str) -> tuple[str, timedelta | None]:
    """The text, and the duration if it ends with one. Raises Refused."""
    split = words.split()
    for count in SPAN_WORDS:
        what, end = " ".join(split[:-count]), " ".join(split[-count:])
        try:
            span = spoken_duration(end)
        except Refused:
            continue
        if not what:
            raise Refused(NOTHING_TO_DO)
        return what, span
    if split and LIKE_A_SPAN.fullmatch(split[-1]):
        raise Refused(f"“{cut(split[-1], 40)}” can't be read as a time: type for example `15m`, `2h` or `1d`.")
    return words, None


def _whom(call: Call) -> tuple[str, str]:
    """The person mentioned anywhere, or named first, and the other words. Raises Refused."""
    first, _ = first_word(call.typed)
    others = mentioned(call.typed)
    if not is_mention(first) and len(others) == 1 and call.house.people.first_meant(call.text) is None:
        before, _, after = call.typed.partition(f"<@{others[0]}")
        words = f"{before} {after.partition('>')[2]}"
        return call.house.people.named(others[0]), as_typed(words, call.names).strip()
    who, words = call.whom()
    if not words:
        raise Refused(NOTHING_TO_DO)
    return who, words


def _span(text: str) -> timedelta | None:
    """The duration typed; None: nothing was. Raises Refused."""
    return spoken_duration(text) if text.strip() else None


def _form(incident: Incident) -> Form:
    inputs = [
        Input("who", "Who", kind="person"),
        Input("what", "What", max_length=WHAT_LENGTH),
        Input("span", "How long it may take", optional=True, hint="15m, or 2 hours; then I ask", max_length=40),
    ]
    return Form(form("incident.task", titled("Task in", incident), inputs, submit="Ask", private=str(incident.id)))


async def _list(call: Call, incident: Incident) -> Reply:
    owners = by_owner(await call.house.incident_tasks.of(incident))
    return call.say("tasks", incident=incident, owners=owners, now=call.house.clock.now())
