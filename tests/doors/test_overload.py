"""Load shedding: while the event loop lags, alerts are refused unread; everything else is answered."""

import asyncio
import json

from bot.doors.doorkeeper import Doorkeeper
from bot.doors.overload import BEHIND_S, Overload
from tests.doors.test_request_bodies import door


class Lateness:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.turned_away = 0

    def count(self) -> None:
        self.turned_away += 1


async def answered(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


def posted(path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody".encode()


async def test_only_alerts_are_refused_with_retry_after_before_they_are_read() -> None:
    late = Lateness()
    overload = Overload(late.count, lambda: late.now_s)
    async with door(Doorkeeper(10, overload)) as port:
        assert b" 404 " in await answered(port, posted("/alerts/generic"))
        late.now_s += BEHIND_S * 2
        answer = await answered(port, posted("/alerts/generic"))
        assert answer.startswith(b"HTTP/1.1 503 ") and b"Retry-After: 5" in answer
        assert "nothing was stored" in json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
        assert b" 404 " in await answered(port, posted("/alerts/heartbeat/nightly"))
        assert b"read 4" in await answered(port, posted("/"))
        assert late.turned_away == 1
        async with overload.measured():
            await asyncio.sleep(0)  # The loop turns.
            assert b" 404 " in await answered(port, posted("/alerts/generic"))


async def test_a_connections_next_request_is_refused_too_but_not_the_rest_of_a_body() -> None:
    late = Lateness()
    async with door(Doorkeeper(10, Overload(late.count, lambda: late.now_s))) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 17\r\n\r\n")
        await reader.readuntil(b"100 Continue")
        late.now_s += BEHIND_S * 2
        writer.write(b"POST /alerts/body")
        await reader.readuntil(b"read 17")
        writer.write(posted("/alerts/generic"))
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        writer.close()
    assert late.turned_away == 1
