"""Request bodies: read within limits of size and time, then decompressed."""

import asyncio
import zlib

import aiohttp
from aiohttp import web

from bot.domain.errors import Refused

# Enough for a slow line; a client that takes longer just occupies a connection.
READ_WITHIN_S = 20.0
# zlib's code for: detect gzip or zlib.
EITHER_HEADER = 32 + zlib.MAX_WBITS
PACKINGS = ("gzip", "x-gzip", "deflate")


class TooLarge(Refused):
    """The body is too large, as received or decompressed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes")


class TooSlow(Refused):
    """The body did not arrive in time."""

    def __init__(self) -> None:
        super().__init__(f"the body did not come within {READ_WITHIN_S:.0f} s")


class Garbled(Refused):
    """The body is truncated, or not compressed as it claims."""


async def read_body(request: web.Request, limit: int) -> bytes:
    """The raw body, still compressed: signatures are checked on these bytes.

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
    # A client that hangs up midway has sent nothing readable either.
    except (
        aiohttp.ClientPayloadError, web.RequestPayloadError, aiohttp.http.HttpProcessingError, ConnectionError
    ) as error:  # fmt: skip
        raise Garbled("the body cannot be read") from error
    return bytes(kept)


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo the `Content-Encoding`; decompresses at most one byte more than the limit.

    Only for authenticated senders. Raises TooLarge or Garbled.
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
