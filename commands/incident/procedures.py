"""Procedures in the room: which ones fit, opening one, ticking its steps."""

from collections.abc import Iterable, Mapping, Sequence

from bot.domain.incidents.incident import Incident
from bot.domain.procedures.run import Run, TickDeed
from bot.services.procedures.runs import Place
from bot.slack.blocks import Button, Input, form, notice
from commands.desk.call import Answer, Call, Form, Reply
from commands.desk.carried import number, outdated
from commands.desk.which_incident import about_an_incident, choices, incident_of_button, incident_of_form, is_about_one
from commands.incident.book import COMMAND

OFFERED = 8
WHY_LENGTH = 500


@COMMAND.verb("runbook", "procedure", "playbook", usage="runbook [NAME]", help="what to do, step by step")
async def runbook(call: Call) -> Answer:
    """Outside an incident, procedures can only be read."""
    return await (in_incident(call) if await is_about_one(call) else _read(call))


@about_an_incident("incident runbook")
async def in_incident(call: Call, incident: Incident) -> Answer:
    if not call.text:
        return await _offered(call, incident)
    return await _open(call, incident, call.house.procedure_choice.meant(call.text).key)


@COMMAND.button("procedure.open")
async def open_pressed(call: Call) -> Answer:
    """The value is the incident and the procedure's key."""
    incident = await incident_of_button(call)
    return await _open(call, incident, call.value.partition(" ")[2])


@COMMAND.button("procedure.read")
async def read_pressed(call: Call) -> Answer:
    procedure = call.house.procedure_choice.meant(call.value)
    return Reply(call.house.procedure_cards.of_runbook(procedure))


@COMMAND.button("procedure.done")
async def done(call: Call) -> Answer:
    return await _tick(call, "done")


@COMMAND.button("procedure.approve")
async def approve(call: Call) -> Answer:
    return await _tick(call, "approved")


@COMMAND.button("procedure.answer")
async def answered(call: Call) -> Answer:
    incident = await incident_of_button(call)
    place, more = _place(call.value)
    if not more:
        raise outdated("button")
    run = await call.house.procedure_runs.tick(call.actor, incident.id, place, "answered", answer=more[0])
    return await _shown(call, incident, run)


@COMMAND.button("procedure.undo")
async def undo(call: Call) -> Answer:
    incident = await incident_of_button(call)
    run = await call.house.procedure_runs.undo(call.actor, incident.id, _place(call.value)[0])
    return await _shown(call, incident, run)


@COMMAND.button("procedure.skip")
async def ask_why(call: Call) -> Answer:
    """Checks permission and timeliness first, so that nobody fills in the form in vain."""
    incident, place = await incident_of_button(call), _place(call.value)[0]
    await call.house.procedure_runs.must_be_next(call.actor, incident, place)
    inputs = [Input("why", "Why is it skipped?", max_length=WHY_LENGTH)]
    title = f"Skip step {place.step + 1}"
    return Form(form("procedure.skip", title, inputs, submit="Skip", private=call.value))


def judge_why(values: Mapping[str, str]) -> Mapping[str, str]:
    return {} if values["why"].strip() else {"why": "Type why, in a few words."}


@COMMAND.form("procedure.skip", judge_why)
async def skipped(call: Call) -> Answer:
    incident, place = await incident_of_form(call), _place(call.private)[0]
    why = call.values["why"].strip()
    run = await call.house.procedure_runs.tick(call.actor, incident.id, place, "skipped", why=why)
    return await _shown(call, incident, run)


@COMMAND.button("procedure.all")
async def all_steps(call: Call) -> Answer:
    incident = await incident_of_button(call)
    run = number(call.value.partition(" ")[2])
    return Form(notice("All steps", await call.house.procedure_choice.all_steps(incident.id, run)))


@COMMAND.button("procedure.page")
async def further_steps(call: Call) -> Answer:
    incident = await incident_of_button(call)
    run, start = (number(word) for word in (*call.value.split(" "), "", "")[1:3])
    said = await call.house.procedure_choice.all_steps(incident.id, run, start)
    return Form(notice("All steps", said), in_place=True)


async def _open(call: Call, incident: Incident, key: str) -> Answer:
    """Open the procedure. No answer in the room, where its message shows that it is new."""
    run, is_new = await call.house.procedure_runs.open(call.actor, incident.id, key)
    if _is_out_of_sight(incident):
        return Reply(await call.house.procedure_choice.shown(run))
    if is_new and call.channel == incident.room_id:
        return None
    link = None if is_new else await call.house.procedure_choice.link(run)
    return call.say("procedure_opened", run=run, incident=incident, is_new=is_new, link=link)


async def _tick(call: Call, deed: TickDeed) -> Answer:
    incident = await incident_of_button(call)
    run = await call.house.procedure_runs.tick(call.actor, incident.id, _place(call.value)[0], deed)
    return await _shown(call, incident, run)


def _is_out_of_sight(incident: Incident) -> bool:
    """Its channel takes no messages; or there is none, and it is private, so nothing is shown elsewhere."""
    return bool(incident.room_closed) or (incident.room_lost and incident.private)


async def _shown(call: Call, incident: Incident, run: Run) -> Answer:
    """Show the person who pressed the current state if the channel is closed; else the message is edited there."""
    if not _is_out_of_sight(incident):
        return None
    return Reply(await call.house.procedure_choice.shown(run), replace=True)


def _place(carried: str) -> tuple[Place, list[int]]:
    """After the incident: run, step, number of things done so far; and anything else the button carries."""
    numbers = [number(word) for word in carried.split(" ")[1:]]
    if len(numbers) < 3:
        raise outdated("button or form")
    return Place(*numbers[:3]), numbers[3:]


async def _offered(call: Call, incident: Incident) -> Answer:
    known = call.house.runbook.procedures
    fitting = await call.house.procedure_choice.fitting(incident)
    offered = [(known[one.key], one.why) for one in fitting] or [(one, ()) for one in known.values()]
    buttons = [
        Button(one.title, f"procedure.open#{one.key}"[:255], f"{incident.id} {one.key}") for one, _ in offered[:OFFERED]
    ]
    running = await call.house.procedure_choice.under_way(incident)
    shown = offered[:OFFERED]
    return call.say(
        "procedures", incident=incident, offered=shown, fits=bool(fitting), running=running,
        others=_others(known, [one.key for one, _ in shown]), buttons=tuple(buttons),
    )  # fmt: skip


async def _read(call: Call) -> Answer:
    known = call.house.runbook.procedures
    if call.text:
        procedure = call.house.procedure_choice.meant(call.text)
        return Reply(call.house.procedure_cards.of_runbook(procedure, await choices(call)))
    shown = list(known.values())[:OFFERED]
    buttons = [Button(one.title, f"procedure.read#{one.key}"[:255], one.key) for one in shown]
    others = _others(known, [one.key for one in shown])
    facts = {"offered": [(one, ()) for one in shown], "fits": False, "running": (), "others": others}
    return call.say("procedures", incident=None, **facts, buttons=tuple(buttons))


def _others(known: Iterable[str], shown: Sequence[str]) -> list[str]:
    return [key for key in known if key not in shown]
