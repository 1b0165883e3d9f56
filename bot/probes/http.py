"""Does a web page answer as it should: status, values of its JSON, a text in it?"""

import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp

from bot.domain.check import Finding, no_answer, paced
from bot.domain.saying import fit_to_show
from bot.probes._look import UNKNOWN_NAME, Stopwatch, reason_of, within
from bot.runbook.health import HttpCheck

KIND = "http"

# What is read of an answer: a health page is small, and an endless one must not fill the memory.
MOST_BYTES = 1024 * 1024
HEADERS = {"User-Agent": "Tocsin health check"}
MISSING = object()


async def probe(check: HttpCheck) -> Finding:
    watch = Stopwatch()
    try:
        status, body = await _answer(check)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return no_answer(_reason(error), watch.elapsed)
    wrong = "; ".join(_faults(check, status, body))
    return paced(Finding("down" if wrong else "healthy", str(status), watch.elapsed, wrong), check.slow)


def expects(check: HttpCheck) -> str:
    wishes = [f"{name} {wish}" for name, wish in check.json_wishes.items()]
    text = [f"“{check.text}”"] if check.text else []
    return ", ".join([f"{check.expect} {within(check.slow)}".strip(), *wishes, *text])


async def _answer(check: HttpCheck) -> tuple[int, str]:
    """Status and text; the text only when it is looked at. A new connection each time: an old one proves little."""
    # A redirect that is expected is not followed.
    follow = not 300 <= check.expect < 400
    no_limit = aiohttp.ClientTimeout(total=None, sock_connect=None)
    async with (
        aiohttp.ClientSession(timeout=no_limit, headers=HEADERS) as session,
        session.get(check.target.reveal(), allow_redirects=follow) as response,
    ):
        looked_at = check.json_wishes or check.text
        return response.status, await _text(response) if looked_at else ""


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


def _faults(check: HttpCheck, status: int, body: str) -> Iterator[str]:
    """What is not as it should be; a wrong status says enough."""
    if status != check.expect:
        yield f"answered {status}, expected {check.expect}"
        return
    if check.text and check.text not in body:
        yield f"“{fit_to_show(check.text)}” is not on the page"
    if check.json_wishes:
        yield from _json_faults(check, body)


def _json_faults(check: HttpCheck, body: str) -> Iterator[str]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        yield "the answer is not JSON"
        return
    for name, wish in check.json_wishes.items():
        value = _look_up(answer, name)
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
            return f"the TLS certificate is not valid: {_certificate_fault(error.certificate_error)}"
        case aiohttp.ClientConnectorSSLError():
            return f"TLS failed: {_tls_fault(error.os_error)}"
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


def _certificate_fault(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return fit_to_show(str(error))


def _tls_fault(error: OSError) -> str:
    """`wrong version number`: this is not TLS at all, or too old."""
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return (reason or "no agreement").replace("_", " ").lower()
