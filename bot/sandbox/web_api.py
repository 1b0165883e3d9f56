"""The Web API over HTTP: parses calls in any encoding, checks the token, and answers as Slack does."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from bot.sandbox.call import MethodCall
from bot.sandbox.errors import SlackError
from bot.sandbox.faults import Fault
from bot.sandbox.methods import (
    canvases,
    chat,
    conversations,
    files,
    history,
    marks,
    membership,
    team,
    users,
    views,
)
from bot.sandbox.methods.method import Method
from bot.sandbox.model import Json
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.state import State

METHODS: dict[str, Method] = {
    **team.METHODS,
    **conversations.METHODS,
    **membership.METHODS,
    **history.METHODS,
    **chat.METHODS,
    **users.METHODS,
    **views.METHODS,
    **marks.METHODS,
    **files.METHODS,
    **canvases.METHODS,
}
OPEN_CONNECTION = "apps.connections.open"

# Errors that a correct app may meet: the world changed, or somebody was faster. All others are the app's mistake.
_INNOCENT = frozenset(
    {
        "already_archived",
        "already_in_channel",
        "already_pinned",
        "already_reacted",
        "canvas_disabled_user_team",
        "canvas_not_found",
        "channel_canvas_already_exists",
        "channel_not_found",
        "expired_trigger_id",
        "exchanged_trigger_id",
        "hash_conflict",
        "is_archived",
        "is_inactive",
        "message_not_found",
        "name_taken",
        "no_pin",
        "no_reaction",
        "not_found",
        "not_in_channel",
        "thread_not_found",
        "token_revoked",
        "user_not_found",
        "user_not_in_channel",
        "users_not_found",
    }
)


class WebApi:
    def __init__(self, state: State, sockets: SocketMode) -> None:
        self._state, self._sockets = state, sockets

    async def serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        await asyncio.sleep(self._state.faults.latency_ms / 1000)
        fault = self._state.faults.strike(method, arguments)
        answer = partial(self._answer, request, method, arguments)
        if fault and fault.kept:
            self._state.faults.kept.append(answer)
        return answer() if fault is None else await _spoilt(request, fault, answer)

    def _answer(self, request: web.Request, method: str, arguments: Json) -> web.Response:
        try:
            body = {"ok": True, **self._call(request, method, arguments)}
        except _TooSoon as early:
            return _too_many(early.seconds)
        except SlackError as error:
            body = error.answer()
            if self._is_to_blame(error):
                self._state.complain(error.code, method, json.dumps(error.fields.get("response_metadata", {})))
        headers = {"x-oauth-scopes": ",".join(sorted(self._state.scopes))}
        return web.json_response(body, headers=headers)

    def _call(self, request: web.Request, method: str, arguments: Json) -> Json:
        known = METHODS.get(method)
        if known is None and method != OPEN_CONNECTION:
            raise SlackError("unknown_method", req_method=method)
        self._authorize(request, method, arguments)
        if known is None:
            return {"url": self._state.base_url.replace("http", "ws", 1) + self._sockets.open_ticket()}
        call = MethodCall(self._state, method, arguments, known.scopes)
        call.need_some_scope()
        if seconds := self._state.rates.wait(method, call.text("channel")):
            raise _TooSoon(seconds)
        answer = known.answer(call)
        if known.changes:
            self._record(call, answer)
        return answer | _warnings(call)

    def _authorize(self, request: web.Request, method: str, arguments: Json) -> None:
        if "token" in request.query:
            raise SlackError("invalid_auth")
        scheme, _, header_token = request.headers.get("Authorization", "").partition(" ")
        token = header_token.strip() if scheme.lower() == "bearer" else str(arguments.get("token", ""))
        if not token:
            raise SlackError("not_authed")
        if token not in (self._state.bot_token, self._state.app_token):
            raise SlackError("invalid_auth")
        if self._state.faults.revoked:
            raise SlackError("token_revoked")
        if (token == self._state.app_token) != (method == OPEN_CONNECTION):
            raise SlackError("not_allowed_token_type")
        if method == OPEN_CONNECTION and not header_token:
            raise SlackError("not_authed")

    def _is_to_blame(self, error: SlackError) -> bool:
        if error.is_slacks_own:
            return False
        if error.code == "missing_scope":
            return not set(error.fields["needed"].split(",")) & self._state.faults.withheld_scopes
        return error.code not in _INNOCENT

    def _record(self, call: MethodCall, answer: Json) -> None:
        self._state.record(
            call.method,
            channel=call.touched.id if call.touched else None,
            user=self._reached(call),
            text=call.text("text") or None,
            ts=answer.get("ts") or answer.get("message_ts"),
            blocks=call.parsed("blocks"),
            metadata=call.parsed("metadata"),
            arguments=call.arguments,
        )

    def _reached(self, call: MethodCall) -> str | None:
        """The one person the call was about: named in it, the partner of a direct conversation, or whoever clicked."""
        if call.text("trigger_id"):
            return self._state.triggers.user_of(call.text("trigger_id"))
        if call.touched is not None and call.touched.kind == "im":
            return call.touched.other_member(self._state.bot.id)
        return call.text("user") or call.text("user_id") or None


class _TooSoon(Exception):
    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


async def _arguments(request: web.Request) -> Json:
    """Query, form and JSON body merged, as Slack does."""
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        arguments |= _object(await request.text())
    elif request.can_read_body:
        arguments |= {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    return arguments


def _object(text: str) -> Json:
    try:
        body: Any = json.loads(text) if text else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def _spoilt(request: web.Request, fault: Fault, answer: Callable[[], web.Response]) -> web.Response:
    """Make the call go wrong: before or after it is carried out, or only late."""
    done = answer() if fault.after else None
    if fault.kind != "hang":
        return _broken(request, fault)
    await asyncio.sleep(fault.seconds)
    return answer() if done is None else done


def _broken(request: web.Request, fault: Fault) -> web.Response:
    if fault.kind == "ratelimited":
        return _too_many(int(fault.seconds))
    if fault.kind == "html":
        kind = "text/html" if fault.body.startswith("<") else "application/json"
        elsewhere = {"Location": "/login"} if fault.status in range(300, 400) else {}
        return web.Response(status=fault.status, text=fault.body, content_type=kind, headers=elsewhere)
    if fault.kind == "drop" and request.transport is not None:
        request.transport.abort()
    return web.json_response({"ok": False, "error": fault.code})


def _too_many(seconds: int) -> web.Response:
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(seconds)})


def _warnings(call: MethodCall) -> Json:
    if not call.warnings:
        return {}
    return {"warning": ",".join(call.warnings), "response_metadata": {"warnings": call.warnings}}
