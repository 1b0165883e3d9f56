"""Checklists of an incident: show, tick, clear, waive."""

from dataclasses import replace

from bot.domain.errors import NotFound
from bot.domain.incidents.incident import Incident, must_be_resolved
from bot.domain.tasks.checklist import REASON_LENGTH, Checklist
from bot.runbook.procedures import CHECKLISTS
from bot.slack.blocks import Input, form
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.carried import number, outdated
from commands.desk.which_incident import about_an_incident, must_let_in, titled
from commands.incident.book import COMMAND

# The question why boxes stay open, and the form's title.
ASKED = {
    "verification": ("Why is it resolved anyway?", "Verified?"),
    "aftercare": ("Why is the rest left undone?", "Aftercare of"),
}


@COMMAND.verb(
    "checklist",
    "checklists",
    usage="checklist [triage|verification|aftercare]",
    help="what must not be forgotten, with boxes to tick",
)
@about_an_incident("incident checklist")
async def checklist(call: Call, incident: Incident) -> Answer:
    name = call.text.strip().lower() or await _sensible(call, incident)
    return _shown(call, incident, await call.house.checklists.called(call.actor, incident, name))


@COMMAND.button("checklist.tick")
async def tick(call: Call) -> Answer:
    """A checkbox: its checklist, place and state."""
    subject, _, state = call.value.rpartition(" ")
    if state not in ("on", "off"):
        raise outdated("button")
    return await _set(call, subject, ticked=state == "on")


@COMMAND.button("checklist.done")
async def done(call: Call) -> Answer:
    return await _set(call, call.value, ticked=True)


@COMMAND.button("checklist.waive")
async def ask_why(call: Call) -> Answer:
    """Checks permission first, so that nobody fills in the form in vain."""
    found, incident = await _found(call, call.value)
    call.house.permissions.must(call.actor, "runbook.tick")
    question, title = ASKED[found.name] if found.name in ASKED else ASKED["verification"]
    why = Input("why", question, multiline=True, max_length=REASON_LENGTH)
    return Form(form("checklist.waive", titled(title, incident), [why], submit="Confirm", private=str(found.id)))


@COMMAND.form("checklist.waive")
async def waived(call: Call) -> Answer:
    found, _ = await _found(call, call.private)
    await call.house.checklists.waive(call.actor, found.id, call.values["why"])
    return None


@COMMAND.button("checklist.reopen")
async def ask_what_came_back(call: Call) -> Answer:
    found, incident = await _found(call, call.value)
    must_be_resolved(incident)
    why = Input("why", "What still fails?", multiline=True, optional=True, max_length=REASON_LENGTH)
    return Form(form("checklist.reopen", titled("Reopen", incident), [why], submit="Reopen", private=str(found.id)))


@COMMAND.form("checklist.reopen")
async def reopened(call: Call) -> Answer:
    _, incident = await _found(call, call.private)
    await call.house.incidents.reopen(call.actor, incident.id, call.values["why"])
    return None


async def _sensible(call: Call, incident: Incident) -> str:
    """The list to show: for an open incident triage, then verification; afterwards whichever has open boxes."""
    known = [name for name in CHECKLISTS if call.house.runbook.checklists.named(name)]
    if not known:
        raise NotFound("The runbook has no checklists: add `checklists` with `triage`, `verification`, `aftercare`.")
    there = await call.house.checklists.of(incident)
    wanted = ("triage", "verification", "aftercare") if incident.is_open else ("verification", "aftercare", "triage")
    is_open = [name for name in wanted if name in known and (name not in there or there[name].open_items)]
    return (is_open or known)[0]


async def _set(call: Call, subject: str, *, ticked: bool) -> Answer:
    checklist_id, _, place = subject.partition(" ")
    found, incident = await _found(call, checklist_id)
    changed = await call.house.checklists.set(call.actor, found.id, number(place), ticked=ticked)
    return None if call.message else replace(_shown(call, incident, changed), replace=True)


async def _found(call: Call, checklist_id: str) -> tuple[Checklist, Incident]:
    """The checklist and its incident. Raises NotPermitted to outsiders."""
    found = await call.house.checklists.find(number(checklist_id))
    incident = await call.house.incidents.find(str(found.incident_id))
    await must_let_in(call, incident)
    return found, incident


def _shown(call: Call, incident: Incident, found: Checklist) -> Reply:
    return Reply(call.house.checklist_cards.shown(incident, found))
