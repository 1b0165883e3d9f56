"""Opening an incident: typed, from the form, from a message."""

import json
from collections.abc import Mapping

from bot.domain.incident import Incident
from bot.slack.blocks import Input, form
from commands.call import Answer, Call, Form
from commands.incident.book import COMMAND

MESSAGE_IN_TITLE = 150


@COMMAND.verb(
    "declare",
    "new",
    "open",
    "create",
    "start",
    usage="declare [SEV] <title>",
    help="open an incident and page the first tier",
)
async def declare(call: Call) -> Answer:
    return await _declare(call) if call.text else _form(call)


@COMMAND.verb(
    "drill", "rehearse", usage="drill [SEV] <title>", help="rehearse: pages through Slack only, tells no audience"
)
async def drill(call: Call) -> Answer:
    return await _declare(call, drill=True) if call.text else _form(call, kind="drill")


@COMMAND.verb("private", "secret", usage="private [SEV] <title>", help="a private room, announced nowhere")
async def private(call: Call) -> Answer:
    return await _declare(call, private=True) if call.text else _form(call, kind="private")


@COMMAND.button("incident.declare")
async def ask(call: Call) -> Answer:
    return _form(call)


@COMMAND.shortcut("declare_from_message")
async def declare_from_message(call: Call) -> Answer:
    words = " ".join(str(call.message.get("text", "")).split())
    origin = {"channel": call.channel, "ts": call.message.get("ts", ""), "text": words}
    return _form(call, title=words[:MESSAGE_IN_TITLE], origin=origin)


def judge(values: Mapping[str, str]) -> Mapping[str, str]:
    return {} if values["title"].strip() else {"title": "Type what is wrong, in a few words."}


@COMMAND.form("incident.declare", judge)
async def declared(call: Call) -> Answer:
    carried = json.loads(call.private)
    kind = call.values["kind"]
    incident = await call.house.incidents.declare(
        call.actor,
        call.values["title"],
        severity=call.values["severity"],
        drill=kind == "drill",
        private=kind == "private",
        origin={"message": carried["origin"]} if carried["origin"] else None,
    )
    return _said(call, incident)


async def _declare(call: Call, *, drill: bool = False, private: bool = False) -> Answer:
    severity, title = call.house.incidents.split_severity(call.text)
    incident = await call.house.incidents.declare(call.actor, title, severity=severity, drill=drill, private=private)
    return _said(call, incident)


def _said(call: Call, incident: Incident) -> Answer:
    return call.say("declared", incident=incident)


def _form(call: Call, *, title: str = "", kind: str = "real", origin: Mapping[str, str] | None = None) -> Form:
    runbook = call.house.runbook
    severities = [
        (one.id, f"{one.id} {one.name}" + (f": {one.means}" if one.means else "")) for one in runbook.severities
    ]
    kinds = [("real", "A real incident"), ("drill", "A drill"), ("private", "A private incident")]
    inputs = [
        Input("title", "What is wrong?", value=title, max_length=1000),
        Input("severity", "Severity", options=severities, value=runbook.default_severity.id),
        Input("kind", "Kind", options=kinds, value=kind),
    ]
    private = json.dumps({"origin": origin})
    return Form(form("incident.declare", "Declare an incident", inputs, submit="Declare", private=private[:3000]))
