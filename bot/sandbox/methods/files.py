"""files.*: uploading in three steps: request a URL, send the bytes there, share."""

import mimetypes
from typing import Any

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError, invalid_arguments
from bot.sandbox.limits import limit, limits
from bot.sandbox.methods.method import Method, anywhere
from bot.sandbox.model import Channel, File, Json
from bot.sandbox.wire import file_json


def get_upload_url(call: MethodCall) -> Json:
    name, length = call.required("filename", "missing_argument"), call.number("length", 0)
    if length <= 0:
        raise SlackError("missing_argument")
    if len(call.text("alt_txt")) > limit("files", "alt_txt_max"):
        raise SlackError("alt_txt_too_large")
    if call.text("snippet_type") and length > limit("files", "snippet_bytes_max"):
        raise SlackError("snippet_too_large")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = File(call.state.ids.next("F"), name, name, length, call.state.bot.id, mimetype=kind)
    call.state.files[file.id] = file
    return {"upload_url": f"{call.state.base_url}/upload/{file.id}", "file_id": file.id}


def complete_upload(call: MethodCall) -> Json:
    """Share the uploaded files. As with Slack, the answer doesn't name the message that this posts."""
    uploaded = [_uploaded(call, entry) for entry in _entries(call)]
    channels = _channels(call)
    for file, title in uploaded:
        file.title, file.completed = title or file.name, True
        file.channels = [channel.id for channel in channels]
    ids = [file.id for file, _ in uploaded]
    for channel in channels:
        _share(call, channel, ids)
    return {"files": [file_json(call.state, file) for file, _ in uploaded]}


def _share(call: MethodCall, channel: Channel, ids: list[str]) -> None:
    call.state.conversations.say(
        channel,
        call.state.bot.id,
        call.text("initial_comment"),
        thread_ts=call.text("thread_ts") or None,
        subtype="file_share",
        files=ids,
        by_bot=True,
    )


def _entries(call: MethodCall) -> list[Any]:
    entries = call.parsed("files")
    if not isinstance(entries, list) or not entries:
        raise invalid_arguments("missing required field: files")
    return entries


def _uploaded(call: MethodCall, entry: Any) -> tuple[File, str | None]:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        raise invalid_arguments("must be an object with an id: files")
    file = call.state.files.get(entry["id"])
    if file is None or file.content is None or file.completed:
        raise SlackError("file_not_found")
    return file, entry.get("title")


def _channels(call: MethodCall) -> list[Channel]:
    wanted = call.names("channels") or call.names("channel_id")
    if len(wanted) > limits()["files"]["complete_channels_max"] or (len(wanted) > 1 and call.text("thread_ts")):
        raise SlackError("invalid_channel")
    return [call.as_member(call.conversation_called(channel_id)) for channel_id in wanted]


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, anywhere("files:write")),
    "files.completeUploadExternal": Method(complete_upload, anywhere("files:write"), changes=True),
}
