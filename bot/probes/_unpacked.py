"""Decompresses the body of a web page, and never more of it than is read."""

import zlib

# Servers with precompressed files send these even to clients that didn't ask for them.
GZIP, DEFLATE, OTHERS = ("gzip", "x-gzip"), ("deflate",), ("br", "zstd", "compress", "x-compress")
# zlib's parameters for gzip, and for deflate without the header it should have.
GZIP_BITS, BARE_BITS = 16 + zlib.MAX_WBITS, -zlib.MAX_WBITS


class NotUnpacked(Exception):
    """Its text says why, for people."""


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """At most `most` bytes; for a truncated body, what can be decompressed. Raises NotUnpacked."""
    encoding = encoding.strip().lower()
    try:
        if encoding in GZIP:
            return _members(body, most)
        if encoding in DEFLATE:
            return _deflated(body, most)
    except zlib.error as error:
        raise NotUnpacked(f"the page says that it is compressed with {encoding}, and is not") from error
    # A name that isn't a compression, such as utf-8, is a mistake that browsers ignore.
    if encoding in OTHERS or "," in encoding:
        raise NotUnpacked(f"the page is compressed with {encoding[:40]}, which nobody asked for")
    return body[:most]


def _members(body: bytes, most: int) -> bytes:
    """A gzip file may consist of several members."""
    whole = bytearray()
    while body and len(whole) < most:
        member = zlib.decompressobj(GZIP_BITS)
        whole += member.decompress(body, most - len(whole))
        body = member.unused_data
    return bytes(whole)


def _deflated(body: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(body, most)
    except zlib.error:
        return zlib.decompressobj(BARE_BITS).decompress(body, most)
