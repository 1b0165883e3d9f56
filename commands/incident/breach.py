"""The data-breach clock of a private incident."""

from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incidents.breach import WHOM_LENGTH
from bot.domain.incidents.incident import Incident
from bot.services.incidents.breaches import must_be_private
from bot.slack.blocks import Input, form
from commands.desk.call import Answer, Call, Form
from commands.desk.past import past_moment
from commands.desk.which_incident import about_an_incident, incident_of_button, incident_of_form, titled
from commands.incident.book import COMMAND


@COMMAND.verb(
    "breach", usage="breach [when]", help="personal data leaked: start the 72-hour clock of a private incident"
)
@about_an_incident("incident breach")
async def breach(call: Call, incident: Incident) -> Answer:
    must_be_private(incident)
    at = await _past(call, call.text, "Type the time alone.") if call.text else None
    await call.house.breaches.begin(call.actor, incident.id, at)
    return None


@COMMAND.button("breach.notified")
async def ask(call: Call) -> Answer:
    incident = await incident_of_button(call)
    hint = f"now, 14:05, 20 minutes ago, yesterday 23:50 ({call.house.runbook.timezone})"
    inputs = [
        Input("whom", "Which authority, and its reference", max_length=WHOM_LENGTH),
        Input("when", "When", value="now", max_length=80, hint=hint),
    ]
    return Form(form("breach.notified", titled("Authority", incident), inputs, submit="Save", private=str(incident.id)))


@COMMAND.form("breach.notified")
async def notified(call: Call) -> Answer:
    incident = await incident_of_form(call)
    at = await _past(call, call.values["when"], "Put the rest into the other field.")
    await call.house.breaches.notified(call.actor, incident.id, at, call.values["whom"])
    return None


async def _past(call: Call, words: str, advice: str) -> datetime:
    """The past time typed. Raises Refused if there is more than a time in it, so that nothing typed gets lost."""
    at, rest = await past_moment(words, now=call.house.clock.now(), zone=call.house.runbook.timezone)
    if rest:
        raise Refused(f"“{words.strip()}” has more in it than a time. {advice}")
    return at
