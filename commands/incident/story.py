"""Keeps the story: notes, pinned messages, and messages taken over with author and time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.actor import TOCSIN
from bot.domain.incidents.incident import Incident
from bot.domain.text import plain_line
from bot.slack.blocks import Input, form, words_in
from commands.desk.call import Answer, Call, Form
from commands.desk.typed import as_typed, mentioned
from commands.desk.which_incident import about_an_incident, incident_of_form, must_be_in_room, over, titled
from commands.incident.book import COMMAND

PIN = "pushpin"


@COMMAND.verb("note", usage="note <text>", help="add to the timeline; :pushpin: on a message does the same")
@about_an_incident("incident note")
async def note(call: Call, incident: Incident) -> Answer:
    if not call.text:
        inputs = [Input("note", "Note", multiline=True)]
        title, words = titled("Note for", incident), over(incident)
        return Form(form("incident.note", title, inputs, submit="Add", words=words, private=str(incident.id)))
    await call.house.notes.note(call.actor, incident.id, call.text)
    return call.say("done", what="noted", incident=incident)


def judge_note(values: Mapping[str, str]) -> Mapping[str, str]:
    return {} if values["note"].strip() else {"note": "Type what is to be remembered."}


@COMMAND.form("incident.note", judge_note)
async def noted(call: Call) -> Answer:
    """Notes are not posted anywhere, so confirm that it was kept."""
    incident = await incident_of_form(call)
    await call.house.notes.note(call.actor, incident.id, call.values["note"])
    return call.say("done", what="noted", incident=incident)


@COMMAND.shortcut("add_to_timeline")
async def add_to_timeline(call: Call) -> Answer:
    incident = await must_be_in_room(call)
    new = await take_over(call, incident, call.message)
    return call.say("done", what="noted" if new else "noted already", incident=incident)


@COMMAND.event("reaction_added")
async def reacted(call: Call) -> Answer:
    """A person's :pushpin: in a room adds the message to the timeline; other reactions are ignored."""
    item = call.message.get("item", {})
    if call.message.get("reaction") != PIN or item.get("type") != "message":
        return None
    incident = await call.house.incidents.of_room(item["channel"])
    if incident is None or await call.house.gateway.is_bot(call.user):
        return None
    if found := await call.house.gateway.message_at(item["channel"], item["ts"]):
        new = await take_over(call, incident, found)
        return call.say("done", what="noted" if new else "noted already", incident=incident)
    return None


@COMMAND.event("channel_rename")
@COMMAND.event("group_rename")
async def renamed(call: Call) -> Answer:
    channel = call.message["channel"]
    await call.house.incidents.rename_room(channel["id"], channel["name"])
    await call.house.closures.renamed(channel["id"], channel["name"])
    return None


async def take_over(call: Call, incident: Incident, message: Mapping[str, Any]) -> bool:
    """Note a message of the call's channel with its own author and time; False if it was noted before."""
    return await call.house.notes.note(
        call.actor,
        incident.id,
        await words_of(call, message),
        at=datetime.fromtimestamp(float(message["ts"]), UTC),
        author=await _author(call, message),
        key=key_of(call.channel, message["ts"]),
    )


async def _author(call: Call, message: Mapping[str, Any]) -> str:
    """A message's author; for an integration without an account, the person who took it over, as the text names the
    integration."""
    user = str(message.get("user") or call.user)
    if message.get("bot_id") and user == (await call.house.gateway.whoami())[0]:
        return TOCSIN.name
    return call.house.people.named(user)


async def words_of(call: Call, message: Mapping[str, Any]) -> str:
    """The message's words, in whatever form, and its files by name with links."""
    written = "\n".join(words_in(message))
    said = as_typed(written, await call.house.people.names_of(mentioned(written)))
    if name := called(message):
        said = f"{name}: {said}"
    files = [_file(file) for file in message.get("files") or () if isinstance(file, Mapping)]
    return "\n".join(part for part in (said, *files) if part) or "(a message without words)"


def called(message: Mapping[str, Any]) -> str:
    """The name of an integration without an account; "" if an account wrote the message."""
    profile = message.get("bot_profile")
    known_as = profile.get("name") if isinstance(profile, Mapping) else None
    names = (message.get("username"), known_as, message.get("bot_id"))
    return "" if message.get("user") else plain_line(next((str(name) for name in names if name), ""))


def _file(file: Mapping[str, Any]) -> str:
    name, link = str(file.get("name") or file.get("title") or file.get("id") or ""), str(file.get("permalink") or "")
    return f"file: {name} {link}".strip()


def key_of(channel: str, ts: str) -> str:
    """The key that makes taking over a message idempotent."""
    return f"message {channel} {ts}"
