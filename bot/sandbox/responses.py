"""The response URL over HTTP: an app's later answers to a command or interaction."""

import json
from typing import Any

from aiohttp import web

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError
from bot.sandbox.methods.saying import Content, content_of
from bot.sandbox.model import Json, Message
from bot.sandbox.response_urls import ResponseUrl
from bot.sandbox.state import State


class Responses:
    def __init__(self, state: State) -> None:
        self._state = state

    async def serve(self, request: web.Request) -> web.Response:
        url = self._state.response_urls.use(request.match_info["id"])
        if isinstance(url, str):
            self._state.complain(url, "response_url")
            return web.Response(status=404, text=url)
        body = _object(await request.text())
        try:
            self.answer(url, body)
        except SlackError as error:
            if not error.is_slacks_own:
                self._state.complain(error.code, "response_url", json.dumps(error.fields))
            return web.Response(status=400, text=error.code)
        return web.Response(text="ok")

    def answer(self, url: ResponseUrl, body: Json, *, method: str = "response_url") -> Message | None:
        """Show the app's answer; None if it only deleted."""
        if body.get("delete_original"):
            self._delete_original(url)
            if not any(body.get(key) for key in ("text", "blocks", "attachments")):
                return None
        content = content_of(MethodCall(self._state, method, body))
        in_channel = body.get("response_type") == "in_channel"
        if body.get("thread_ts") and not in_channel:
            raise SlackError("invalid_thread_ts")
        if body.get("replace_original") and url.source is not None:
            message = self._replace(url, self._still_there(url.source), content)
        else:
            message = self._say(url, body, content, in_channel=in_channel)
        self._record(url, message, body, method)
        return message

    def _replace(self, url: ResponseUrl, source: Message, content: Content) -> Message:
        source.attachments, source.parses_names = content.attachments, content.parses_names
        self._state.conversations.edit(source, content.text, blocks=content.blocks)
        url.answers.append(source)
        return source

    def _say(self, url: ResponseUrl, body: Json, content: Content, *, in_channel: bool) -> Message:
        channel = self._state.conversations.get(url.channel)
        if channel is None:
            raise SlackError("channel_not_found")
        message = self._state.conversations.say(
            channel,
            self._state.bot.id,
            content.text,
            blocks=content.blocks,
            attachments=content.attachments,
            thread_ts=body.get("thread_ts"),
            by_bot=True,
            ephemeral_for=None if in_channel else url.user,
            parses_names=content.parses_names,
        )
        url.answers.append(message)
        return message

    def _still_there(self, source: Message) -> Message:
        channel = self._state.conversations.get(source.channel)
        if channel is None or not channel.holds(source):
            raise SlackError("message_not_found")
        return source

    def _delete_original(self, url: ResponseUrl) -> None:
        if url.source is None:
            raise SlackError("cannot_delete_original")
        self._state.conversations.delete(self._still_there(url.source))
        self._state.record("response_url", channel=url.channel, user=url.user, arguments={"delete_original": True})

    def _record(self, url: ResponseUrl, message: Message, body: Json, method: str) -> None:
        self._state.record(
            method,
            channel=url.channel,
            user=url.user,
            text=message.text,
            ts=message.ts,
            blocks=body.get("blocks"),
            arguments=body,
        )


def _object(text: str) -> Json:
    try:
        body: Any = json.loads(text)
    except ValueError as error:
        raise web.HTTPBadRequest(text="invalid_payload") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="invalid_payload")
    return body
