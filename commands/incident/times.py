"""The six milestones of an incident, and corrections of its start, detection and mitigation."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.incidents.milestones import CORRECTABLE, Correctable
from bot.slack.blocks import Button, Input, form
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.carried import instant
from commands.desk.past import past_moment
from commands.desk.which_incident import about_an_incident, incident_of_button, incident_of_form, titled
from commands.incident.book import COMMAND

WHY_LENGTH = 300
LABELS: Mapping[Correctable, str] = {"started": "Started", "detected": "Detected", "mitigated": "Mitigated"}
NEVER = "-"


@COMMAND.verb("times", "milestones", usage="times", help="when it started, was detected, mitigated ...; correct them")
@about_an_incident("incident times")
async def times(call: Call, incident: Incident) -> Answer:
    return _shown(call, incident)


@COMMAND.verb("started", "began", usage="started <time> [why]", help="correct when it began: 14:05, 20 minutes ago")
@about_an_incident("incident started")
async def started(call: Call, incident: Incident) -> Answer:
    return await _corrected(call, incident, "started")


@COMMAND.verb("detected", usage="detected <time> [why]", help="correct when somebody or something noticed")
@about_an_incident("incident detected")
async def detected(call: Call, incident: Incident) -> Answer:
    return await _corrected(call, incident, "detected")


@COMMAND.verb("mitigated", usage="mitigated [time] [why]", help="users can work again, now or at that time")
@about_an_incident("incident mitigated")
async def mitigated(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return _shown(call, await call.house.times.mitigated_now(call.actor, incident.id))
    return await _corrected(call, incident, "mitigated")


@COMMAND.button("incident.times")
async def ask(call: Call) -> Answer:
    return _form(call, await incident_of_button(call))


@COMMAND.form("incident.times")
async def submitted(call: Call) -> Answer:
    """Submit only fields that were edited, because somebody else may have corrected the others meanwhile."""
    incident = await incident_of_form(call)
    given: dict[Correctable, datetime | None] = {}
    for name, was in zip(CORRECTABLE, call.private.split()[1:], strict=False):
        words = call.values[name].strip()
        if words == (_local(call, instant(was)) if was != NEVER else ""):
            continue
        given[name] = await _whole(call, words) if words else None
    return _shown(call, await call.house.times.correct(call.actor, incident.id, given, call.values["why"]))


async def _corrected(call: Call, incident: Incident, name: Correctable) -> Answer:
    if not call.text:
        return _form(call, incident)
    at, why = await past_moment(call.text, now=call.house.clock.now(), zone=call.house.runbook.timezone)
    return _shown(call, await call.house.times.correct(call.actor, incident.id, {name: at}, why))


async def _whole(call: Call, words: str) -> datetime:
    """The time; raises Refused if the field holds anything else."""
    at, rest = await past_moment(words, now=call.house.clock.now(), zone=call.house.runbook.timezone)
    if rest:
        raise Refused(f"“{words}” has more in it than a time. Put the reason into its own field.")
    return at


def _form(call: Call, incident: Incident) -> Form:
    """Carries the values shown, to tell edited fields from untouched ones."""
    held = {name: incident.milestones.at(name) for name in CORRECTABLE}
    hint = f"14:05, 20 minutes ago, yesterday 23:50 ({call.house.runbook.timezone}). Empty: as Tocsin knows it."
    inputs = [
        Input(name, LABELS[name], value=_local(call, at) if at else "", optional=True, max_length=80, hint=hint)
        for name, at in held.items()
    ]
    why = Input("why", "Why", optional=True, max_length=WHY_LENGTH)
    carried = " ".join([str(incident.id), *(at.isoformat() if at else NEVER for at in held.values())])
    return Form(form("incident.times", titled("Times of", incident), [*inputs, why], submit="Correct", private=carried))


def _local(call: Call, at: datetime) -> str:
    return f"{at.astimezone(call.house.runbook.timezone):%Y-%m-%d %H:%M}"


def _shown(call: Call, incident: Incident) -> Reply:
    correct = Button("Correct times", "incident.times", str(incident.id))
    return call.say("times", incident=incident, milestones=incident.milestones, buttons=(correct,))
