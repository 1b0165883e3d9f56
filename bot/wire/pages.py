"""Pages of other people's servers, asked for over HTTPS: a certificate, a confirmation."""

import aiohttp

from bot.domain.errors import Rejected
from bot.wire.http_client import ask

TIMEOUT_S = 5.0
LARGEST = 64 * 1024


async def page_at(session: aiohttp.ClientSession, url: str) -> bytes:
    """What is at this address. Raises a Failed: also for an answer other than 200, and for what is not HTTPS."""
    if not url.startswith("https://"):
        raise Rejected("only addresses with https:// are asked")
    answer = await ask(session, "GET", url, whose="the sender's server", timeout_s=TIMEOUT_S, largest=LARGEST)
    if answer.status != 200:
        raise Rejected(f"the sender's server answered HTTP {answer.status}")
    return answer.body
