"""Fetches documents from other people's servers over HTTPS: a certificate, a confirmation."""

import aiohttp

from bot.domain.errors import Rejected, Unreachable
from bot.wire.http_client import ask

TIMEOUT_S = 5.0
LARGEST = 64 * 1024


async def page_at(session: aiohttp.ClientSession, url: str) -> bytes:
    """The document at this address. Raises Rejected for an address without HTTPS, or a refusal; Unreachable for a
    server with trouble of its own, or one that asks for time."""
    if not url.startswith("https://"):
        raise Rejected("only addresses with https:// are asked")
    answer = await ask(session, "GET", url, whose="the sender's server", timeout_s=TIMEOUT_S, largest=LARGEST)
    if answer.status >= 500 or answer.status == 429:
        raise Unreachable(f"the sender's server answered HTTP {answer.status}")
    if answer.status != 200:
        raise Rejected(f"the sender's server answered HTTP {answer.status}")
    return answer.body
