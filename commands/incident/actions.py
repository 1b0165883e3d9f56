"""Actions: what has to be done after an incident, by whom and by when."""

import re
from collections.abc import Mapping

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.action import LINK_LENGTH, PRIORITIES, WHAT_LENGTH, NewAction, Priority
from bot.rendering import ADDRESS
from bot.slack.blocks import Button, Input, form
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.days import HOW, day
from commands.desk.which_incident import about_an_incident, incident_of_button, incident_of_form, titled
from commands.incident.book import COMMAND
from commands.incident.given import LIST, Given

USAGE = "action @user <what> by <date>"
# “by” may occur in the text, too; the last one counts.
BY = re.compile(r"\s(?:by|until|till)\s+", re.IGNORECASE)
GIVEN = Given("action", lambda house: house.actions)
GIVEN.add_to(COMMAND)


@COMMAND.verb("action", "actions", usage=USAGE, help="what has to be done so that it doesn't happen again; `list` too")
@about_an_incident("incident action", resolved=True)
async def action(call: Call, incident: Incident) -> Answer:
    if call.text.strip().lower() in LIST:
        return await _list(call, incident)
    if not call.text:
        return _form(incident)
    who, words = call.whom()
    what, by = _parts(words)
    link = ADDRESS.search(what)
    if link:
        what = " ".join(what.replace(link[0], " ").split())
    by_at = await day(by, now=call.house.clock.now(), zone=call.house.runbook.timezone)
    new = NewAction(what, who, by_at, link=link[0] if link else None)
    return GIVEN.unless_in_room(call, incident, await call.house.actions.give(call.actor, incident.id, new))


@COMMAND.button("action.new")
async def ask_new(call: Call) -> Answer:
    return _form(await incident_of_button(call))


def judge_action(values: Mapping[str, str]) -> Mapping[str, str]:
    wrong = {} if values["what"].strip() else {"what": "Type what has to be done."}
    return wrong if values["by"].strip() else {**wrong, "by": "Type a date, such as Friday or 12 Dec."}


@COMMAND.form("incident.action", judge_action)
async def given(call: Call) -> Answer:
    incident = await incident_of_form(call)
    by_at = await day(call.values["by"], now=call.house.clock.now(), zone=call.house.runbook.timezone)
    owner, priority = call.house.people.named(call.values["who"]), _priority(call.values["priority"])
    new = NewAction(call.values["what"], owner, by_at, priority, call.values["link"])
    return GIVEN.unless_in_room(call, incident, await call.house.actions.give(call.actor, incident.id, new))


def _parts(words: str) -> tuple[str, str]:
    """The text, and the words for the due date. Raises Refused."""
    marks = list(BY.finditer(f" {words}"))
    if not marks:
        raise Refused(f"By when? `/incident {USAGE}`: {HOW}.")
    last = marks[-1]
    return words[: max(last.start() - 1, 0)].strip(), words[last.end() - 1 :].strip()


def _priority(word: str) -> Priority:
    return next((one for one in PRIORITIES if one == word), "normal")


def _form(incident: Incident) -> Form:
    inputs = [
        Input("what", "What", max_length=WHAT_LENGTH),
        Input("who", "Who", kind="person"),
        Input("by", "By when", hint="Friday, 12 Dec, next week, 2w", max_length=80),
        Input("priority", "Priority", options=[(one, one) for one in PRIORITIES], value="normal"),
        Input("link", "Ticket", optional=True, hint="A web address", max_length=LINK_LENGTH),
    ]
    return Form(form("incident.action", titled("Action of", incident), inputs, submit="Add", private=str(incident.id)))


async def _list(call: Call, incident: Incident) -> Reply:
    found = await call.house.actions.of(incident)
    more = (Button("Add action", "action.new", str(incident.id)),)
    return call.say("actions", buttons=more, incident=incident, actions=found, now=call.house.clock.now())
