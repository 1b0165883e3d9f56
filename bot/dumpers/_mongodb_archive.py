"""Reads an archive made by mongodump: its collections, and the number of documents in each.

The format is mongo-tools' own: a magic number; a prelude of BSON documents, the first about the dump, then one per
collection; then blocks, each a header and documents of one collection. A word of all ones ends the prelude and every
block; a header with EOF ends a collection. The whole is one gzip stream, with a checksum over every byte.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import bson
from bson.errors import BSONError

from bot.domain.backups.backup import Damaged

MAGIC = bytes.fromhex("6de29981")
END = b"\xff\xff\xff\xff"
WORD = 4
# The most that is decompressed at once, however small the compressed piece.
INFLATED_BYTES = 4 * 1024 * 1024
# A document has at most 16 MiB, the server's internal ones somewhat more.
LONGEST_DOCUMENT = 64 * 1024 * 1024
GZIP = 31


class Archive:
    """Accepts pieces of any size, and buffers no more than a header; documents are skipped without decoding."""

    def __init__(self) -> None:
        self._inflating = zlib.decompressobj(wbits=GZIP)
        self._rest = b""
        self._skip = 0
        self._read_next = self._read_magic
        self._in_block: str | None = None
        self._open: set[str] = set()
        self._counts: dict[str, int] = {}
        self._about: Mapping[str, Any] | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """By `database.collection`."""
        return self._counts

    def feed(self, piece: bytes) -> None:
        """Raises Damaged."""
        try:
            while piece:
                self._scan(self._inflating.decompress(piece, INFLATED_BYTES))
                piece = self._inflating.unconsumed_tail
                if self._inflating.eof and (self._inflating.unused_data or piece):
                    raise Damaged("there is more in it than one archive")
        except zlib.error as error:
            raise Damaged("it cannot be decompressed") from error
        except (BSONError, KeyError, TypeError) as error:
            raise Damaged("it is no archive of mongodump") from error

    def finish(self) -> None:
        """Raises Damaged if the end is missing."""
        self._scan(self._inflating.flush())
        if not self._inflating.eof or self._rest or self._skip or self._about is None or self._in_block is not None:
            raise Damaged("it breaks off")
        if self._open:
            # A collection without an end: mongodump was interrupted.
            raise Damaged(f"{min(self._open)} is not complete in it")

    def _scan(self, piece: bytes) -> None:
        self._rest += piece
        at = 0
        while (used := self._read_next(at)) > 0:
            at += used
        self._rest = self._rest[at:]

    # Each of these parses one item and returns its length in bytes; 0: more data is needed.

    def _read_magic(self, at: int) -> int:
        if len(self._rest) < WORD:
            return 0
        if self._rest[:WORD] != MAGIC:
            raise Damaged("it is no archive of mongodump")
        self._read_next = self._read_prelude
        return WORD

    def _read_prelude(self, at: int) -> int:
        if self._rest.startswith(END, at):
            self._read_next = self._read_header
            return WORD
        document, used = self._document(at)
        if document is not None:
            if self._about is None:
                self._about = document
            else:
                self._counts[_namespace(document)] = 0
        return used

    def _read_header(self, at: int) -> int:
        header, used = self._document(at)
        if header is not None:
            namespace = _namespace(header)
            self._counts.setdefault(namespace, 0)
            if header["EOF"]:
                self._open.discard(namespace)
            else:
                self._open.add(namespace)
            self._in_block = namespace
            self._read_next = self._read_body
        return used

    def _read_body(self, at: int) -> int:
        """Skip as many documents as have arrived: there may be millions, too many for a call each."""
        assert self._in_block is not None
        begun, there, number = at, len(self._rest), 0
        while True:
            passed = min(self._skip, there - at)
            at, self._skip = at + passed, self._skip - passed
            if self._skip or there - at < WORD or self._rest.startswith(END, at):
                break
            self._skip = self._length(at)
            number += 1
        self._counts[self._in_block] += number
        if not self._skip and self._rest.startswith(END, at):
            self._in_block = None
            self._read_next = self._read_header
            at += WORD
        return at - begun

    def _document(self, at: int) -> tuple[Mapping[str, Any] | None, int]:
        length = self._length(at)
        if length == 0 or len(self._rest) - at < length:
            return None, 0
        return bson.decode(self._rest[at : at + length]), length

    def _length(self, at: int) -> int:
        """The length of the document that begins here; 0: not known yet."""
        if len(self._rest) - at < WORD:
            return 0
        length = int.from_bytes(self._rest[at : at + WORD], "little")
        if not WORD < length <= LONGEST_DOCUMENT:
            raise Damaged("it is no archive of mongodump")
        return length


def _namespace(document: Mapping[str, Any]) -> str:
    return f"{document['db']}.{document['collection']}"
