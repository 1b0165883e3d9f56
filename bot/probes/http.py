"""Does a web page answer as it should: status, values of its JSON, a text in it?"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import aiohttp

from bot.domain.check import Finding, no_answer, paced
from bot.domain.saying import fit_to_show
from bot.probes._look import UNKNOWN_NAME, Stopwatch, reason_of, tls_reason_of, within
from bot.runbook.health import HttpCheck

KIND = "http"
MEASURES = "ms until the answer"

# What is read of an answer: a health page is small, and an endless one must not fill the memory.
MOST_BYTES = 1024 * 1024
HEADERS = {"User-Agent": "Tocsin health check"}
MISSING = object()


@dataclass(frozen=True)
class Answer:
    """`body` is empty when nobody looks at it; `redirects` is how often it led elsewhere first."""

    status: int
    body: str
    redirects: int

    @cached_property
    def json(self) -> Any:
        """MISSING when it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return MISSING


async def probe(check: HttpCheck) -> Finding:
    watch = Stopwatch()
    try:
        answer = await _answer(check)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return no_answer(_reason(error), watch.elapsed)
    wrong = "; ".join(_faults(check, answer))
    return paced(Finding("down" if wrong else "healthy", _value(check, answer), watch.elapsed, wrong), check.slow)


def expects(check: HttpCheck) -> str:
    wishes = [f"{name} {wish}" for name, wish in check.json_wishes.items()]
    text = [f"“{check.text}”"] if check.text else []
    return ", ".join([f"{check.expect} {within(check.slow)}".strip(), *wishes, *text])


async def _answer(check: HttpCheck) -> Answer:
    """A new connection each time: an old one proves little."""
    # A redirect that is expected is not followed.
    follow = not 300 <= check.expect < 400
    no_limit = aiohttp.ClientTimeout(total=None, sock_connect=None)
    async with (
        aiohttp.ClientSession(timeout=no_limit, headers=HEADERS) as session,
        session.get(check.target.reveal(), allow_redirects=follow) as response,
    ):
        looked_at = check.json_wishes or check.text
        body = await _text(response) if looked_at else ""
        return Answer(response.status, body, len(response.history))


async def _text(response: aiohttp.ClientResponse) -> str:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= MOST_BYTES:
            break
    return _decoded(bytes(body[:MOST_BYTES]), response.charset or "utf-8")


def _decoded(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _value(check: HttpCheck, answer: Answer) -> str:
    """The status, the way to it, and the values that are wished for: `200 after 1 redirect, error_rate 4.5`."""
    way = f" after {answer.redirects} redirect{'s' if answer.redirects > 1 else ''}" if answer.redirects else ""
    found = {name: _look_up(answer.json, name) for name in check.json_wishes}
    values = [f"{name} {_written(value)}" for name, value in found.items() if value is not MISSING]
    return fit_to_show(", ".join([f"{answer.status}{way}", *values]))


def _faults(check: HttpCheck, answer: Answer) -> Iterator[str]:
    """What is not as it should be; a wrong status says enough."""
    if answer.status != check.expect:
        yield f"answered {answer.status}, expected {check.expect}"
        return
    if check.text and check.text not in answer.body:
        yield f"“{fit_to_show(check.text)}” is not on the page"
    if check.json_wishes:
        yield from _json_faults(check, answer)


def _json_faults(check: HttpCheck, answer: Answer) -> Iterator[str]:
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
    """The value under a dotted name; numbers count into lists; a key that holds a dot itself is found first."""
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
    return value if isinstance(value, str) else json.dumps(value)


def _reason(error: Exception) -> str:
    """Why there was no answer, without the address: it may hold a secret."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return tls_reason_of(error.certificate_error)
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
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case _:
            return "the answer is not HTTP"
