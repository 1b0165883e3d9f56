"""A server that speaks MongoDB's wire protocol, with answers controlled by the test."""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import bson

from tests.probes.conftest import Conversation

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
NO_SUCH_COMMAND = {"ok": 0.0, "errmsg": "no such command", "code": 59}
STANDING_ALONE = {"isWritablePrimary": True, "maxWireVersion": 21, "minWireVersion": 0, "ok": 1.0}

Answers = Mapping[str, Mapping[str, Any] | Callable[[], Awaitable[Mapping[str, Any]]]]


def saying(answers: Answers) -> Conversation:
    """`answers` by command, in lower case; `ping` and `hello` have default answers, other commands are unknown."""
    known: Answers = {"hello": STANDING_ALONE, "ping": {"ok": 1.0}, **answers}

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                length, request, _, code = struct.unpack("<iiii", await reader.readexactly(16))
            except asyncio.IncompleteReadError:
                return
            answer = await _answer(_command(code, await reader.readexactly(length - 16)), known)
            writer.write(_packed(code, request, answer))
            await writer.drain()

    return converse


def _command(code: int, body: bytes) -> dict[str, Any]:
    """The document of a message; the first greeting is still an old-style query."""
    begin = body.index(b"\0", 4) + 9 if code == OP_QUERY else 5
    size = struct.unpack_from("<i", body, begin)[0]
    return bson.decode(body[begin : begin + size])


async def _answer(command: Mapping[str, Any], known: Answers) -> Mapping[str, Any]:
    name = next(iter(command)).lower().replace("ismaster", "hello")
    answer = known.get(name, NO_SUCH_COMMAND)
    return await answer() if callable(answer) else answer


def _packed(code: int, request: int, answer: Mapping[str, Any]) -> bytes:
    document = bson.encode(answer)
    if code == OP_QUERY:
        return struct.pack("<iiiiiqii", 36 + len(document), 0, request, OP_REPLY, 8, 0, 0, 1) + document
    return struct.pack("<iiiiib", 21 + len(document), 0, request, OP_MSG, 0, 0) + document
