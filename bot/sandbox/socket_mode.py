"""Socket Mode: the app's WebSockets; each request goes to exactly one of them."""

import asyncio
import json
import secrets
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.changes import Change
from bot.sandbox.delivery import Acknowledgement, AppRequest, milliseconds_since
from bot.sandbox.limits import limits
from bot.sandbox.state import State
from bot.sandbox.timing import Timing


@dataclass(eq=False)
class Socket:
    """One connection of the app, with the envelopes it has yet to acknowledge."""

    link: web.WebSocketResponse
    waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    retiring: bool = False


class SocketMode:
    def __init__(self, state: State, timing: Timing) -> None:
        self._state, self._timing = state, timing
        self._tickets: set[str] = set()
        self._sockets: list[Socket] = []
        self._turn = 0

    @property
    def connected(self) -> bool:
        return bool(self._usable())

    @property
    def connections(self) -> int:
        return len(self._sockets)

    def open_ticket(self) -> str:
        """The path of a new connection, for `apps.connections.open`."""
        ticket = secrets.token_hex(12)
        self._tickets.add(ticket)
        return f"/link/?ticket={ticket}&app_id={self._state.app_id}"

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve a WebSocket: send hello, then receive acknowledgements until it closes."""
        if request.query.get("ticket") not in self._tickets:
            raise web.HTTPForbidden(text="bad ticket")
        self._tickets.discard(request.query["ticket"])
        link = web.WebSocketResponse(max_msg_size=0)
        await link.prepare(request)
        if len(self._sockets) >= limits()["timing"]["socket_connections_max"]:
            await link.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await link.close()
            return link
        await self._listen(Socket(link))
        return link

    async def deliver(self, delivery: AppRequest) -> Acknowledgement:
        started = perf_counter()
        socket = self._next_socket()
        if socket is None:
            return Acknowledgement("failed", 0.0, reason="connection_failed")
        envelope_id, answer = str(uuid.uuid4()), asyncio.get_running_loop().create_future()
        socket.waiting[envelope_id] = answer
        try:
            await socket.link.send_json(_envelope(envelope_id, delivery))
            body = await asyncio.wait_for(answer, self._timing.ack_seconds)
            return Acknowledgement("acknowledged", milliseconds_since(started), body)
        except TimeoutError:
            return Acknowledgement("timeout", milliseconds_since(started), reason="http_timeout")
        except ConnectionError:
            return Acknowledgement("failed", milliseconds_since(started), reason="connection_failed")
        finally:
            socket.waiting.pop(envelope_id, None)

    async def refresh(self, *, reason: str = "refresh_requested", warn: bool = False) -> None:
        """Ask every connected process of the app to reconnect; with `warn`, send a warning some seconds before.

        The old connections stay open until the app closes them or its time is up.
        """
        retiring = list(self._sockets)
        for socket in retiring:
            await self._disconnect(socket, "warning" if warn else reason)
        if warn:
            await asyncio.sleep(self._timing.warning_seconds)
            for socket in retiring:
                await self._disconnect(socket, reason)
        for socket in retiring:
            await self._let_go(socket)

    async def cut(self) -> None:
        """Close every connection abruptly, like a network failure."""
        for socket in list(self._sockets):
            await socket.link.close(drain=False)

    async def close(self) -> None:
        await self.cut()

    async def _listen(self, socket: Socket) -> None:
        self._sockets.append(socket)
        try:
            await socket.link.send_json(self._hello())
            self._tell_connection()
            async for frame in socket.link:
                if frame.type is WSMsgType.TEXT:
                    self._take(socket, frame.data)
        finally:
            self._sockets.remove(socket)
            socket.gone.set()
            for answer in socket.waiting.values():
                if not answer.done():
                    answer.set_exception(ConnectionResetError("the app closed its connection"))
            self._tell_connection()

    def _take(self, socket: Socket, text: str) -> None:
        try:
            frame = json.loads(text)
            envelope_id = frame["envelope_id"]
        except (ValueError, KeyError, TypeError):
            self._state.complain("a frame that is no acknowledgement", "socket mode", text[:200])
            return
        answer = socket.waiting.get(envelope_id)
        if answer is None or answer.done():
            self._state.complain("an acknowledgement of nothing, or one that came too late", "socket mode", envelope_id)
        else:
            answer.set_result(frame.get("payload"))

    def _next_socket(self) -> Socket | None:
        usable = self._usable()
        self._turn += 1
        return usable[self._turn % len(usable)] if usable else None

    def _usable(self) -> list[Socket]:
        return [socket for socket in self._sockets if not socket.retiring and not socket.link.closed]

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._sockets),
            "debug_info": {"host": "applink-sandbox", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._state.app_id},
        }

    async def _disconnect(self, socket: Socket, reason: str) -> None:
        socket.retiring = True
        if not socket.link.closed:
            await socket.link.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-sandbox"}}
            )

    async def _let_go(self, socket: Socket) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(socket.gone.wait(), self._timing.leave_seconds)
        await socket.link.close()

    def _tell_connection(self) -> None:
        self._state.tell(Change("connection", notes={"connected": self.connected}))


def _envelope(envelope_id: str, delivery: AppRequest) -> dict[str, Any]:
    frame: dict[str, Any] = {
        "envelope_id": envelope_id,
        "type": delivery.envelope,
        "accepts_response_payload": delivery.envelope != "events_api",
        "payload": delivery.payload,
    }
    if delivery.envelope == "events_api":
        frame |= {"retry_attempt": delivery.retry_attempt, "retry_reason": delivery.retry_reason}
    return frame
