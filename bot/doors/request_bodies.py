"""The bodies of requests: read no further than they may be, in no more time than they may take, and then unpacked."""

import asyncio
import zlib

import aiohttp
from aiohttp import web

from bot.domain.errors import Refused

# From a slow line; whoever needs longer for it holds a connection and sends nothing.
READ_WITHIN_S = 20.0
# zlib's own number for: gzip or zlib, whichever it is.
EITHER_HEADER = 32 + zlib.MAX_WBITS
PACKINGS = ("gzip", "x-gzip", "deflate")


class TooLarge(Refused):
    """The body is larger than it may be, as it came or unpacked."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")


class TooSlow(Refused):
    """The body did not come in time."""

    def __init__(self) -> None:
        super().__init__(f"the body did not come within {READ_WITHIN_S:.0f} s")


class Garbled(Refused):
    """The body breaks off, or is not packed as it says."""


async def read_body(request: web.Request, limit: int) -> bytes:
    """Every byte as it came, still packed: whose signature is checked, it is checked on these.

    Raises TooLarge as soon as that is known, TooSlow, or Garbled.
    """
    if (request.content_length or 0) > limit:
        raise TooLarge(limit)
    kept = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            async for chunk in request.content.iter_any():
                kept += chunk
                if len(kept) > limit:
                    raise TooLarge(limit)
    except TimeoutError as error:
        raise TooSlow from error
    # Whoever hangs up in the middle of it has sent nothing that can be read either.
    except (
        aiohttp.ClientPayloadError, web.RequestPayloadError, aiohttp.http.HttpProcessingError, ConnectionError
    ) as error:  # fmt: skip
        raise Garbled("the body cannot be read") from error
    return bytes(kept)


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """What `Content-Encoding` says of a body, undone; never more than a byte over the limit is unpacked.

    For senders that are known. Raises TooLarge or Garbled.
    """
    packing = encoding.strip().lower()
    if packing in ("", "identity"):
        return body
    if packing not in PACKINGS:
        raise Garbled("this Content-Encoding is not understood: send gzip, deflate or none")
    unpacking = zlib.decompressobj(EITHER_HEADER)
    try:
        content = unpacking.decompress(body, limit + 1)
    except zlib.error as error:
        raise Garbled(f"the body is not packed as {packing}") from error
    if len(content) > limit:
        raise TooLarge(limit)
    if not unpacking.eof or unpacking.unused_data:
        raise Garbled("the packed body breaks off, or something stands behind it")
    return content
