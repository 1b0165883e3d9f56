"""Actions: what has to be done after an incident, by whom and by when."""

import re
from collections.abc import Mapping

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.action import LINK_LENGTH, PRIORITIES, WHAT_LENGTH, Action, NewAction, Priority
from bot.rendering import ADDRESS
from bot.slack.blocks import Button, Input, form
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.carried import number
from commands.desk.days import HOW, day
from commands.desk.which_incident import about_an_incident, incident_of_button, incident_of_form, must_let_in, titled
from commands.incident.book import COMMAND

LIST = ("list", "ls", "all", "show")
USAGE = "action @user <what> by <date>"
# “by” may stand in the words too: the last one that a date follows is meant.
BY = re.compile(r"\s(?:by|until|till)\s+", re.IGNORECASE)


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
    return _unless_in_room(call, incident, await call.house.actions.give(call.actor, incident.id, new))


@COMMAND.button("action.new")
async def ask_new(call: Call) -> Answer:
    return _form(await incident_of_button(call))


def judge_action(values: Mapping[str, str]) -> Mapping[str, str]:
    wrong = {} if values["what"].strip() else {"what": "Type what is to be done."}
    return wrong if values["by"].strip() else {**wrong, "by": "Type a date, such as Friday or 12 Dec."}


@COMMAND.form("incident.action", judge_action)
async def given(call: Call) -> Answer:
    incident = await incident_of_form(call)
    by_at = await day(call.values["by"], now=call.house.clock.now(), zone=call.house.runbook.timezone)
    owner, priority = call.house.people.named(call.values["who"]), _priority(call.values["priority"])
    new = NewAction(call.values["what"], owner, by_at, priority, call.values["link"])
    return _unless_in_room(call, incident, await call.house.actions.give(call.actor, incident.id, new))


@COMMAND.button("action.done")
async def done(call: Call) -> Answer:
    incident = await _incident_of(call)
    return _unless_in_room(call, incident, await call.house.actions.done(call.actor, call.number))


@COMMAND.button("action.longer")
async def longer(call: Call) -> Answer:
    incident = await _incident_of(call)
    return _answer(call, incident, await call.house.actions.more_time(call.actor, call.number))


@COMMAND.button("action.hand")
async def ask_whom(call: Call) -> Answer:
    incident = await _incident_of(call)
    inputs = [Input("who", "To whom", kind="person")]
    return Form(form("action.hand", titled("Action of", incident), inputs, submit="Hand over", private=call.value))


@COMMAND.form("action.hand")
async def handed(call: Call) -> Answer:
    incident = await _incident_of(call)
    who = call.house.people.named(call.values["who"])
    return _unless_in_room(call, incident, await call.house.actions.hand_over(call.actor, call.number, who))


def _parts(words: str) -> tuple[str, str]:
    """What is to be done, and the words for by when. Raises Refused."""
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


async def _incident_of(call: Call) -> Incident:
    """Of the action whose number the button or the form carries. Raises NotPermitted to outsiders."""
    found = await call.house.actions.find(number(call.value or call.private))
    incident = await call.house.incidents.find(str(found.incident_id))
    await must_let_in(call, incident)
    return incident


def _unless_in_room(call: Call, incident: Incident, action: Action) -> Answer:
    """In the room its message shows it."""
    is_shown = call.channel == incident.room_id and not incident.room_closed
    return None if is_shown else _answer(call, incident, action)


def _answer(call: Call, incident: Incident, action: Action) -> Reply:
    return call.say("action_given", incident=incident, action=action)
