"""Keeping the story: notes, pinned messages, and messages taken over with their author and time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.incident import Incident
from bot.slack.blocks import Input, form
from commands.about import about_an_incident, must_be_in_room
from commands.call import Answer, Call, Form
from commands.incident.book import COMMAND


@COMMAND.verb("note", usage="note <text>", help="add to the timeline; :pushpin: on a message does the same")
@about_an_incident("incident note")
async def note(call: Call, incident: Incident) -> Answer:
    if not call.text:
        inputs = [Input("note", "Note", multiline=True)]
        return Form(form("incident.note", f"Note for {incident.ref}", inputs, submit="Add", private=str(incident.id)))
    await call.house.incidents.note(call.actor, incident.id, call.text)
    return call.say("done", what="noted", incident=incident)


@COMMAND.form("incident.note")
async def noted(call: Call) -> Answer:
    await call.house.incidents.note(call.actor, int(call.private), call.values["note"])
    return None


@COMMAND.shortcut("add_to_timeline")
async def add_to_timeline(call: Call) -> Answer:
    incident = await must_be_in_room(call)
    new = await _take_over(call, incident, call.message)
    return call.say("done", what="noted" if new else "noted already", incident=incident)


@COMMAND.event("reaction_added")
async def reacted(call: Call) -> Answer:
    """A :pushpin: in a room takes the message into the timeline; any other reaction is none of ours."""
    item = call.message.get("item", {})
    if call.message.get("reaction") != "pushpin" or item.get("type") != "message":
        return None
    incident = await call.house.incidents.of_room(item["channel"])
    if incident and (found := await call.house.gateway.message_at(item["channel"], item["ts"])):
        await _take_over(call, incident, found)
    return None


@COMMAND.event("channel_rename")
async def renamed(call: Call) -> Answer:
    channel = call.message["channel"]
    await call.house.incidents.rename_room(channel["id"], channel["name"])
    return None


async def _take_over(call: Call, incident: Incident, message: Mapping[str, Any]) -> bool:
    """The message's own author and time are kept; the same message is taken over once."""
    author = call.house.people.named(str(message.get("user", call.user)))
    at = datetime.fromtimestamp(float(message["ts"]), UTC)
    words = str(message.get("text", "")).strip() or "(a message without words)"
    key = f"message {message['ts']}"
    return await call.house.incidents.note(call.actor, incident.id, words, at=at, author=author, key=key)
