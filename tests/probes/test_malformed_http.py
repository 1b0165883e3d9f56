"""Malformed answers: accepted when browsers and curl both accept them, refused when either refuses.

Each shape was tried with curl 7.88 and Chromium 156.
"""

import asyncio
from typing import Any

import pytest

from bot.domain.checks.check import ProbeResult
from bot.probes.http import probe
from bot.runbook.health import HttpCheck
from tests.probes.conftest import Conversation, Listen

OK, LENGTH, END = b"HTTP/1.1 200 OK\r\n", b"Content-Length: 7\r\n", b"\r\nwelcome"
CHUNKS = b"7\r\nwelcome\r\n0\r\n\r\n"


def status(line: bytes) -> bytes:
    return line + b"\r\n" + LENGTH + END


def header(line: bytes) -> bytes:
    return OK + line + b"\r\n" + LENGTH + END


def length(*lines: bytes) -> bytes:
    return OK + b"".join(line + b"\r\n" for line in lines) + END


def chunked(body: bytes, *lines: bytes, first: bytes = OK) -> bytes:
    return first + b"".join(line + b"\r\n" for line in (b"Transfer-Encoding: chunked", *lines)) + b"\r\n" + body


TAKEN = {
    "no reason": status(b"HTTP/1.1 200"),
    "no space before the reason": status(b"HTTP/1.1 200OK"),
    "two spaces before the status": status(b"HTTP/1.1  200 OK"),
    "a reason in Latin-1": status(b"HTTP/1.1 200 Gr\xfc\xdf"),
    "a version in lower case": status(b"http/1.1 200 OK"),
    "the version 2 in plain text": status(b"HTTP/2 200"),
    "the version 2.0 in plain text": status(b"HTTP/2.0 200 OK"),
    "a blank before the colon": header(b"X-A : b"),
    "a blank before the length's colon": length(b"Content-Length : 7"),
    "a tab before the colon": header(b"X-A\t: b"),
    "a name that is empty": header(b": b"),
    "a name of two words": header(b"X A: b"),
    "a name with a control character": header(b"X\x01A: b"),
    "a name in Latin-1": header(b"X-Gr\xfc\xdf: b"),
    "a name in UTF-8": header("X-Größe: b".encode()),
    "a name in quotes": header(b'"X-A": b'),
    "a value in two lines": header(b"X-A: b\r\n more"),
    "a value with control characters": header(b"X-A: b\x01\x1b\x7fc"),
    "a value with a bare CR": header(b"X-A: b\rc"),
    "bare LFs": b"HTTP/1.1 200 OK\nContent-Length: 7\n\nwelcome",
    "one bare LF": b"HTTP/1.1 200 OK\r\nX-A: b\nContent-Length: 7\r\n\r\nwelcome",
    "a bare LF at the end of the head": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\nwelcome",
    "6000 headers": header(b"\r\n".join(b"X-%d: y" % number for number in range(6000))),
    "one length twice": length(b"Content-Length: 7", b"Content-Length: 7"),
    "a list of one length": length(b"Content-Length: 7, 7"),
    "a length with a sign": length(b"Content-Length: +7"),
    "a length with a unit": length(b"Content-Length: 7 bytes"),
    "a length with a fraction": length(b"Content-Length: 7.0"),
    "a length beyond all numbers": length(b"Content-Length: 99999999999999999999999"),
    "a length beside chunks": chunked(CHUNKS, b"Content-Length: 7"),
    "a wrong length beside chunks": chunked(CHUNKS, b"Content-Length: 3"),
    "a length beside no encoding": length(b"Transfer-Encoding: identity", b"Content-Length: 7"),
    "chunks twice": chunked(CHUNKS, b"Transfer-Encoding: chunked"),
    "chunks of HTTP/1.0": chunked(CHUNKS, first=b"HTTP/1.0 200 OK\r\n"),
    "chunks with bare LFs": chunked(b"7\nwelcome\n0\n\n"),
    "the last chunk with bare LFs": chunked(b"7\r\nwelcome\r\n0\n\n"),
    "an extension among blanks": chunked(b"7 ; a = b\r\nwelcome\r\n0\r\n\r\n"),
    "a blank after a size": chunked(b"7  \r\nwelcome\r\n0 \r\n\r\n"),
    "headers after the last chunk": chunked(b"7\r\nwelcome\r\n0\r\nX-A: b\n\r\n"),
    "a header without a name after the last chunk": chunked(b"7\r\nwelcome\r\n0\r\nX A: b\r\n: b\r\n\r\n"),
    "more after the last chunk": chunked(CHUNKS + b"and more"),
    "another answer after the last chunk": chunked(CHUNKS + OK + b"\r\n"),
    "more after the body": OK + LENGTH + END + b" and more",
    "three answers before the answer": b"HTTP/1.1 103 Early Hints\nLink: </a>\n\n" * 3 + OK + LENGTH + END,
}  # fmt: skip
TAKEN_WITHOUT_A_BODY = {
    "nothing after the status": OK,
    "the end in the middle of a header": OK + b"X-A: b\r\nX-B",
    "the end before the body": OK + b"X-A: b\r\n",
    "a hexadecimal length": OK + b"Content-Length: 0x0\r\n\r\n",
}
# With a description of what is wrong.
REFUSED = {
    "no status": (status(b"HTTP/1.1 OK"), "Bad status line"),
    "a status of two digits": (status(b"HTTP/1.1 20 OK"), "Bad status line"),
    "a status of four digits": (status(b"HTTP/1.1 2000 OK"), "Bad status line"),
    "a status with a sign": (status(b"HTTP/1.1 +200 OK"), "Bad status line"),
    "tabs around the status": (status(b"HTTP/1.1\t200\tOK"), "Bad status line"),
    "the version 3": (status(b"HTTP/3 200"), "Bad status line"),
    "the name of a radio": (status(b"ICY 200 OK"), "Bad status line"),
    "a NUL in the reason": (status(b"HTTP/1.1 200 s3\0cret"), "a NUL byte"),
    "another protocol": (status(b"RTSP/1.0 200 OK"), "Bad status line"),
    "something before the version": (status(b"\xef\xbb\xbfHTTP/1.1 200 OK"), "Bad status line"),
    "a line that is no header": (header(b"s3cret"), "Invalid header"),
    "a NUL in a name": (header(b"X\0A: s3cret"), "a NUL byte"),
    "a NUL in a value": (header(b"X-A: s3\0cret"), "a NUL byte"),
    "two lengths": (length(b"Content-Length: 7", b"Content-Length: 9"), "Duplicate Content-Length"),
    "a list of two lengths": (length(b"Content-Length: 7, 8"), "Invalid character in Content-Length"),
    "a length below nothing": (length(b"Content-Length: -7"), "Invalid character in Content-Length"),
    "an empty length": (length(b"Content-Length:"), "Empty Content-Length"),
    "a length in words": (length(b"Content-Length: s3cret"), "Invalid character in Content-Length"),
    "an encoding nobody knows": (length(b"Transfer-Encoding: klingon", LENGTH.strip()), "Content-Length can't"),
    "bare CRs": (b"HTTP/1.1 200 OK\rContent-Length: 7\r\rwelcome", "Expected LF after CR"),
    "a size with 0x": (chunked(b"0x7\r\nwelcome\r\n0\r\n\r\n"), "a chunk does not begin with its size"),
    "a size with a sign": (chunked(b"+7\r\nwelcome\r\n0\r\n\r\n"), "a chunk does not begin with its size"),
    "a size in words": (chunked(b"s3cret\r\nwelcome\r\n0\r\n\r\n"), "a chunk does not begin with its size"),
    "a size beyond all numbers": (chunked(b"F" * 17 + b"\r\nwelcome"), "a chunk does not begin with its size"),
    "an endless extension": (chunked(b"7;" + b"x" * 20000), "a chunk does not begin with its size"),
    "a chunk longer than its size": (chunked(b"7\r\nwelcome!\r\n0\r\n\r\n"), "a chunk is not as long as it says"),
    "no end of a chunk": (chunked(b"7\r\nwelcome0\r\n\r\n"), "a chunk is not as long as it says"),
    "no header after the last chunk": (chunked(b"0\r\ns3cret\r\n\r\n"), "what follows the last chunk is no header"),
    "endless headers after the last chunk": (chunked(b"0\r\n" + b"a:\n" * 2000), "too many headers follow"),
    "endless headers": (OK + b"X-A: b\r\n" * 50000, "more than 300 KiB of headers"),
    "more headers than anybody sends": (OK + b"a:\n" * 20000 + b"\n", "Too many headers"),
    "endless answers before the answer": (b"HTTP/1.1 100\n\n" * 1000 + OK + b"\r\n", "more than 300 KiB of headers"),
}  # fmt: skip
BROKEN_OFF = {
    "a body below its length": OK + b"Content-Length: 9\r\n" + END,
    "no last chunk": chunked(b"7\r\nwelcome\r\n"),
    "no end of the last chunk": chunked(b"7\r\nwelcome\r\n0\r\n"),
    "the end in the middle of a chunk": chunked(b"7\r\nwelc"),
}


def whole(answer: bytes) -> Conversation:
    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.write_eof()
        await reader.read()

    return give


def in_single_bytes(answer: bytes) -> Conversation:
    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in answer:
            writer.write(bytes([byte]))
            # So that it is read before the next is sent.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        writer.write_eof()
        await reader.read()

    return give


async def look(listen: Listen, conversation: Conversation, **wishes: Any) -> ProbeResult:
    url = f"http://127.0.0.1:{await listen(conversation)}/"
    return await probe(HttpCheck.model_validate({"key": "website", "http": url, **wishes}))


@pytest.mark.parametrize(
    "answer", [*TAKEN.values(), *TAKEN_WITHOUT_A_BODY.values()], ids=[*TAKEN, *TAKEN_WITHOUT_A_BODY]
)
async def test_an_answer_browsers_and_curl_accept_is_accepted(listen: Listen, answer: bytes) -> None:
    finding = await look(listen, whole(answer))
    assert (finding.state, finding.value, finding.reason) == ("healthy", "HTTP 200", "")


@pytest.mark.parametrize("answer", TAKEN.values(), ids=TAKEN)
async def test_a_malformed_answers_page_is_the_one_people_see(listen: Listen, answer: bytes) -> None:
    finding = await look(listen, whole(answer), text="welcome")
    assert (finding.state, finding.reason) == ("healthy", "")
    finding = await look(listen, whole(answer), text="and more")
    assert finding.reason == "“and more” is not on the page"


@pytest.mark.parametrize("name", [name for name, answer in TAKEN.items() if len(answer) < 1000])
async def test_a_malformed_answer_sent_byte_by_byte_is_the_same_answer(listen: Listen, name: str) -> None:
    finding = await look(listen, in_single_bytes(TAKEN[name]), text="welcome")
    assert (finding.state, finding.value, finding.reason) == ("healthy", "HTTP 200", "")


@pytest.mark.parametrize(("answer", "why"), REFUSED.values(), ids=REFUSED)
async def test_an_answer_browsers_or_curl_refuse_is_down_with_the_reason_but_not_its_bytes(
    listen: Listen, answer: bytes, why: str
) -> None:
    for wishes in ({}, {"text": "welcome"}):
        finding = await look(listen, whole(answer), **wishes)
        assert (finding.state, finding.value) == ("down", "no answer")
        assert finding.reason.startswith(f"the answer is not valid HTTP: {why}")
        assert "cret" not in finding.reason and "\n" not in finding.reason


async def test_a_body_that_proves_malformed_while_being_read_is_down_at_once(listen: Listen) -> None:
    finding = await look(listen, in_single_bytes(chunked(b"7\r\nwelcome\r\nnext\r\n")), text="goodbye")
    assert finding.reason == "the answer is not valid HTTP: a chunk does not begin with its size"


@pytest.mark.parametrize("answer", BROKEN_OFF.values(), ids=BROKEN_OFF)
async def test_a_truncated_page_is_down_when_it_is_read(listen: Listen, answer: bytes) -> None:
    finding = await look(listen, whole(answer), text="welcome")
    assert (finding.state, finding.reason) == ("down", "the answer broke off")


@pytest.mark.parametrize(
    "body", [LENGTH + END, b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS], ids=["length", "chunks"]
)
async def test_an_unexpected_body_is_ignored(listen: Listen, body: bytes) -> None:
    finding = await look(listen, whole(b"HTTP/1.1 204 No Content\r\n" + body), expect=204)
    assert (finding.state, finding.value) == ("healthy", "HTTP 204")


async def test_a_malformed_redirect_is_followed(listen: Listen) -> None:
    there = whole(b"HTTP/1.1 200OK\n\n")
    here = whole(b"HTTP/1.1 302 Found\nLocation : http://127.0.0.1:%d/\n\n" % await listen(there))
    finding = await look(listen, here)
    assert (finding.state, finding.value) == ("healthy", "HTTP 200 after 1 redirect")
