"""Recurring work: marked as done, and the record of a month."""

import re
from collections.abc import Sequence
from datetime import date

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.tasks.recurring import Occurrence
from bot.services.tasks.recurring import EVIDENCE_LENGTH
from bot.slack.blocks import Button, Input, form
from commands.desk.call import Answer, Call, Form
from commands.desk.carried import number
from commands.health.book import COMMAND


@COMMAND.verb("tasks", "task", usage="tasks [2026-08]", help="recurring tasks of a month: done by whom, how late")
async def tasks(call: Call) -> Answer:
    first = _month(call, call.text.strip())
    found = await call.house.recurring_tasks.of_month(first)
    csv_button = (Button("As CSV", "recurring.csv", f"{first:%Y-%m}"),) if found and call.channel else ()
    return call.say("recurring_month", buttons=csv_button, month=f"{first:%B %Y}", tasks=found)


@COMMAND.button("recurring.csv")
async def as_csv(call: Call) -> Answer:
    """Posted where it was pressed, in a moment."""
    await call.house.recurring_files.ask(call.actor, _month(call, call.value), call.channel)
    return None


@COMMAND.button("recurring.done")
async def ask_evidence(call: Call) -> Answer:
    found = await call.house.recurring_tasks.find(call.number)
    if found.done_at:
        raise AlreadyDone(f"“{found.what}” is done already. Nothing was changed.")
    return _form(call, [found])


@COMMAND.button("recurring.which")
async def ask_which(call: Call) -> Answer:
    """Ask which, when one message shows several."""
    found = await call.house.recurring_tasks.on_card(call.number)
    if not found:
        raise AlreadyDone("Each of these is done already. Nothing was changed.")
    return _form(call, found)


@COMMAND.form("recurring.done")
async def done(call: Call) -> Answer:
    which = call.private or call.values["task"]
    await call.house.recurring_tasks.done(call.actor, number(which), call.values["evidence"])
    return None


def _form(call: Call, found: Sequence[Occurrence]) -> Form:
    options = [(str(one.id), one.what) for one in found]
    which = [Input("task", "Which", value=options[0][0], options=options)] if len(found) > 1 else []
    evidence = Input(
        "evidence", "Evidence", optional=True, multiline=True, hint="A note or a link", max_length=EVIDENCE_LENGTH
    )
    words = "" if which else call.house.rendering.say("slack/recurring", task=found[0])
    private = "" if which else str(found[0].id)
    return Form(form("recurring.done", "Done", [*which, evidence], submit="Done", words=words, private=private))


def _month(call: Call, text: str) -> date:
    """The current month if none is named. Raises Refused."""
    if not text:
        return call.house.clock.now().astimezone(call.house.runbook.timezone).date().replace(day=1)
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise Refused(f"“{text}” isn't a month: type for example `/health tasks 2026-08`.")
    return date.fromisoformat(f"{text}-01")
