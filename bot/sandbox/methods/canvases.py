"""Canvases: a channel has at most one, with methods of its own to create and edit it."""

from typing import Any

from bot.sandbox.call import MethodCall
from bot.sandbox.changes import Change
from bot.sandbox.errors import SlackError, invalid_arguments
from bot.sandbox.limits import limits
from bot.sandbox.methods.method import Method, anywhere
from bot.sandbox.model import Canvas, Json

# Operations on the whole canvas; those on a section need a `section_id`.
_WHOLE = ("replace", "insert_at_start", "insert_at_end")
_OF_A_SECTION = ("insert_before", "insert_after", "delete")


def create(call: MethodCall) -> Json:
    channel = call.as_member(call.conversation("channel_id"))
    call.touched = channel
    if any(one.channel == channel.id for one in call.state.canvases.values()):
        raise SlackError("channel_canvas_already_exists")
    if channel.archived:
        raise SlackError("is_archived")
    content = call.parsed("document_content")
    markdown = "" if content is None else _markdown(content)
    canvas = Canvas(call.state.ids.next("F"), channel.id, call.text("title"), markdown)
    call.state.canvases[canvas.id] = canvas
    call.state.tell(Change("channel", channel))
    return {"canvas_id": canvas.id}


def edit(call: MethodCall) -> Json:
    """One change of the whole canvas at a time; sections aren't simulated."""
    canvas = call.state.canvases.get(call.required("canvas_id"))
    changes = call.parsed("changes")
    if not isinstance(changes, list) or len(changes) != 1 or not isinstance(changes[0], dict):
        raise invalid_arguments("must be a list of one change: changes")
    if canvas is None:
        raise SlackError("canvas_not_found")
    change = changes[0]
    operation = change.get("operation")
    if operation in _OF_A_SECTION or "section_id" in change:
        raise SlackError("canvas_editing_failed")
    if operation not in _WHOLE:
        raise invalid_arguments("must be an operation: changes[0].operation")
    written = _markdown(change.get("document_content"))
    before, after = (written, "") if operation == "insert_at_start" else ("", written)
    canvas.markdown = written if operation == "replace" else before + canvas.markdown + after
    call.state.tell(Change("channel", call.state.find_channel(canvas.channel)))
    return {}


def _markdown(content: Any) -> str:
    if (
        not isinstance(content, dict)
        or content.get("type") != "markdown"
        or not isinstance(content.get("markdown"), str)
    ):
        raise invalid_arguments("must be {type: markdown, markdown: text}: document_content")
    if len(content["markdown"]) > limits()["canvas"]["markdown_chars_max"]:
        raise SlackError("canvas_creation_failed")
    return str(content["markdown"])


METHODS = {
    "conversations.canvases.create": Method(create, anywhere("canvases:write"), changes=True),
    "canvases.edit": Method(edit, anywhere("canvases:write"), changes=True),
}
