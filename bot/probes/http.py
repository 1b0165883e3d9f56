"""Checks that a web page answers as expected: its status, values in its JSON, a text in it."""

import codecs
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import aiohttp
from yarl import URL

from bot.domain.checks.check import ProbeResult, no_answer, paced
from bot.domain.saying import fit_to_show
from bot.garbage import uncollected
from bot.probes._http_head import MOST_HEADERS
from bot.probes._look import UNKNOWN_NAME, Stopwatch, reason_of, within
from bot.probes._one_answer import MOST_HEADER_BYTES, MalformedBody, OneAnswerEach
from bot.probes._unpacked import NotUnpacked, unpacked
from bot.runbook.health import HttpCheck
from bot.wire.certificates import HTTPS, tls_reason, tls_reason_of

KIND = "http"
MEASURES = "ms until the answer"

# How much of a response is read: health pages are small, and an endless one must not fill the memory.
MOST_BYTES = 1024 * 1024
HEADERS = {"User-Agent": "Tocsin health check", "Accept-Encoding": "gzip, deflate"}
# About where browsers give up.
MOST_REDIRECTS = 20
# Where a page declares its character set: within the first kilobyte in HTML, in the first line in XML.
DECLARED = re.compile(rb"""(?:charset|encoding)\s{0,9}=\s{0,9}["']?([A-Za-z0-9_.:-]{1,40})""", re.IGNORECASE)
DECLARED_WITHIN = 1024
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
MISSING = object()


@dataclass(frozen=True)
class Fetched:
    """`body` is empty if no check reads it, or if it can't be read; then `unreadable` says why.

    `redirects`: how many were followed.
    """

    status: int
    body: str
    redirects: int
    unreadable: str = ""

    @cached_property
    def json(self) -> Any:
        """MISSING if it isn't JSON."""
        try:
            # Numbers exactly as written: a version 1.10 must equal an expected "1.10".
            with uncollected():
                return json.loads(self.body, parse_float=Decimal)
        except (ValueError, RecursionError):
            return MISSING


async def probe(check: HttpCheck) -> ProbeResult:
    watch = Stopwatch()
    try:
        answer = await _answer(check)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return no_answer(await _reason(error), watch.elapsed)
    wrong = "; ".join(_faults(check, answer))
    return paced(ProbeResult("down" if wrong else "healthy", _value(check, answer), watch.elapsed, wrong), check.slow)


def expects(check: HttpCheck) -> str:
    wishes = [f"{name} {wish}" for name, wish in check.json_wishes.items()]
    text = [f"“{check.text}”"] if check.text else []
    return ", ".join([f"{check.expect} {within(check.slow)}".strip(), *wishes, *text])


async def _answer(check: HttpCheck) -> Fetched:
    # An expected redirect isn't followed.
    follow = not 300 <= check.expect < 400
    async with _browser() as session, _led(session, URL(check.target.reveal()), follow) as (response, redirects):
        if not (check.json_wishes or check.text):
            # Don't wait for the end of the body; but if it's already known to be malformed, the page isn't healthy.
            if isinstance(wrong := response.content.exception(), MalformedBody):
                raise wrong
            return Fetched(response.status, "", redirects)
        try:
            return Fetched(response.status, await _text(response), redirects)
        except NotUnpacked as error:
            return Fetched(response.status, "", redirects, str(error))


@asynccontextmanager
async def _led(
    session: aiohttp.ClientSession, url: URL, follow: bool
) -> AsyncIterator[tuple[aiohttp.ClientResponse, int]]:
    """The final response, and how many redirects led to it.

    Follows every 3xx with a Location, as curl does; aiohttp itself doesn't follow some, such as 300.
    """
    redirects = 0
    while True:
        async with session.get(url, allow_redirects=follow, max_redirects=MOST_REDIRECTS) as response:
            # The history may include this response, a redirect without a Location, which led nowhere.
            redirects += len([one for one in response.history if one is not response])
            further = response.headers.get("Location") if follow and 300 <= response.status < 400 else None
            if not further:
                yield response, redirects
                return
            if redirects >= MOST_REDIRECTS:
                raise aiohttp.TooManyRedirects(response.request_info, response.history)
            redirects += 1
            url = _joined(response.url, further)


def _joined(url: URL, further: str) -> URL:
    try:
        joined = url.join(URL(further))
    except ValueError as error:
        raise aiohttp.InvalidUrlRedirectClientError(further) from error
    if joined.scheme not in ("http", "https"):
        raise aiohttp.NonHttpUrlRedirectClientError(further)
    return joined


def _browser() -> aiohttp.ClientSession:
    """A client that accepts what browsers and curl accept, so that whatever it calls down is down for people too. What
    they reject, it rejects with the reason.

    It also keeps cookies from hosts that are IP addresses.
    """
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        headers=HEADERS,
        connector=OneAnswerEach(),
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        max_line_size=MOST_HEADER_BYTES,
        max_field_size=MOST_HEADER_BYTES,
        max_headers=MOST_HEADERS,
        # Decompressed here, and only if the body is read: an unknown compression doesn't affect the status.
        auto_decompress=False,
    )


async def _text(response: aiohttp.ClientResponse) -> str:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= MOST_BYTES:
            break
    whole = unpacked(bytes(body[:MOST_BYTES]), response.headers.get("Content-Encoding", ""), MOST_BYTES)
    return _decoded(whole, _charset(whole, response.charset))


def _charset(body: bytes, header: str | None) -> str:
    """As browsers find it: the byte order mark, then the header, then the page's own declaration."""
    for mark, charset in BYTE_ORDER_MARKS.items():
        if body.startswith(mark):
            return charset
    declared = None if header else DECLARED.search(body[:DECLARED_WITHIN])
    return header or (declared[1].decode("ascii") if declared else "utf-8")


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError):
        # An unknown codec, one that doesn't support "replace", or one that isn't for text.
        return body.decode("utf-8", "replace")


def _value(check: HttpCheck, answer: Fetched) -> str:
    """Status, redirects and the checked values: `HTTP 200 after 1 redirect, error_rate 4.5`."""
    way = f" after {answer.redirects} redirect{'s' if answer.redirects > 1 else ''}" if answer.redirects else ""
    found = {name: _look_up(answer.json, name) for name in check.json_wishes}
    values = [f"{name} {_written(value)}" for name, value in found.items() if value is not MISSING]
    return fit_to_show(", ".join([f"HTTP {answer.status}{way}", *values]))


def _faults(check: HttpCheck, answer: Fetched) -> Iterator[str]:
    """What isn't as expected. After a wrong status nothing else is reported."""
    if answer.status != check.expect:
        yield f"HTTP {answer.status}, expected {check.expect}"
        return
    if answer.unreadable:
        yield answer.unreadable
        return
    if check.text and check.text not in answer.body:
        yield f"“{fit_to_show(check.text)}” is not on the page"
    if check.json_wishes:
        yield from _json_faults(check, answer)


def _json_faults(check: HttpCheck, answer: Fetched) -> Iterator[str]:
    if answer.json is MISSING:
        yield "the answer is not JSON"
        return
    for name, wish in check.json_wishes.items():
        value = _look_up(answer.json, name)
        if value is MISSING:
            yield f"{name} is missing, expected {wish}"
        elif not wish.holds(value):
            yield f"{name} is {fit_to_show(_written(value))}, expected {wish}"


def _look_up(answer: Any, name: str) -> Any:
    """The value under a dotted name. Numbers index lists; a key that contains a dot itself takes precedence."""
    if isinstance(answer, Mapping) and name in answer:
        return answer[name]
    first, dot, rest = name.partition(".")
    if isinstance(answer, Mapping) and first in answer:
        inner = answer[first]
    elif isinstance(answer, list) and first.isdecimal() and int(first) < len(answer):
        inner = answer[int(first)]
    else:
        return MISSING
    return _look_up(inner, rest) if dot else inner


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=float)


async def _reason(error: Exception) -> str:
    """Why there was no answer, without the URL, which may hold a secret."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return await tls_reason(error.certificate_error, error.host, error.port or HTTPS)
        case aiohttp.ClientConnectorSSLError():
            return tls_reason_of(error.os_error)
        case aiohttp.TooManyRedirects():
            return "too many redirects"
        case aiohttp.RedirectClientError():
            return "redirects to an address that cannot be asked"
        case aiohttp.ClientConnectorDNSError():
            return UNKNOWN_NAME
        case aiohttp.ClientConnectorError():
            return reason_of(error.os_error)
        case aiohttp.ServerDisconnectedError():
            return "the connection was closed without an answer"
        case OSError():
            return reason_of(error)
        case _:
            return _unread(error)


def _unread(error: Exception) -> str:
    match error:
        case MalformedBody():
            return f"the answer is not valid HTTP: {_what_is_invalid(str(error))}"
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case aiohttp.ClientResponseError():
            return f"the answer is not valid HTTP: {_what_is_invalid(error.message)}"
        case _:
            return "the answer cannot be read"


def _what_is_invalid(message: str) -> str:
    """The parser's message, without the bytes it quotes, which may hold a secret."""
    words = " ".join(re.split(r"\n\s*\n|: b['\"]", message)[0].split()).rstrip(":")
    # The parser also names protocols that we don't use.
    return fit_to_show(words.removesuffix(", RTSP/ or ICE/"))
