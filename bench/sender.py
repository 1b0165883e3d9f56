"""A minimal HTTP client with persistent connections, which sends alerts like a monitoring system.

It shares the CPUs with the bot, so with a full HTTP library we'd measure the library as much as the bot.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

HEAD_ENDS = b"\r\n\r\n"
LENGTH = b"content-length:"


class _Line(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self._read = b""
        self._answer: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, rest = self._read.partition(HEAD_ENDS)
        if found and len(rest) >= _length(head):
            self._read = b""
            self._end(int(head.split(b" ", 2)[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._end(0)

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, request: bytes) -> "asyncio.Future[int]":
        """The status of the answer; 0: there was none."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self._end(0)
        else:
            self._transport.write(request)
        return self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _end(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)


class Sender:
    """Sends each request at its time, on a free connection or a new one."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._free: deque[_Line] = deque()

    def request(self, source: str, body: dict[str, Any]) -> bytes:
        content = json.dumps(body).encode()
        head = (
            f"POST /alerts/{source} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    async def send(self, request: bytes) -> int:
        """The status of the answer; 0: there was none."""
        line = self._taken() or await self._new()
        if line is None:
            return 0
        status = await line.send(request)
        if line.is_open:
            self._free.append(line)
        return status

    async def paced(self, requests: Iterable[bytes], per_s: float) -> list[tuple[int, float]]:
        """Start requests at a constant rate, however long the answers take. Returns each one's status, and the
        milliseconds from its scheduled time to its answer."""
        began, running = time.perf_counter(), []
        for number, request in enumerate(requests):
            wanted = began + number / per_s
            if (ahead := wanted - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            running.append(asyncio.create_task(self._timed(request, wanted)))
        return list(await asyncio.gather(*running))

    def close(self) -> None:
        for line in self._free:
            line.close()

    def _taken(self) -> _Line | None:
        while self._free:
            # The most recently used one, so that surplus connections stay idle, as in any pool.
            if (line := self._free.pop()).is_open:
                return line
        return None

    async def _new(self) -> _Line | None:
        try:
            _, line = await asyncio.get_running_loop().create_connection(_Line, "127.0.0.1", self._port)
        except OSError:
            return None
        return line

    async def _timed(self, request: bytes, wanted: float) -> tuple[int, float]:
        status = await self.send(request)
        return status, (time.perf_counter() - wanted) * 1000


@asynccontextmanager
async def sender(port: int, token: str) -> AsyncIterator[Sender]:
    one = Sender(port, token)
    try:
        yield one
    finally:
        one.close()


def _length(head: bytes) -> int:
    lower = head.lower()
    found = lower.find(LENGTH)
    return int(lower[found + len(LENGTH) :].split(b"\r\n", 1)[0]) if found >= 0 else 0
