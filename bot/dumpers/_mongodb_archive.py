"""Reads an archive as mongodump writes it: which collections are in it, and how many documents of each.

The format is mongo-tools' own: a magic number; a prelude of BSON documents, the first about the dump and one for each
collection; then blocks of one collection each, that begin with a header. A word of ones ends the prelude and every
block, a header that says EOF ends a collection. All of it is compressed as one stream, with a checksum over every byte.
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
# Inflated at a time, however small the compressed piece is.
INFLATED_BYTES = 4 * 1024 * 1024
# A document may have 16 MiB, and a server's own ones somewhat more.
LONGEST_DOCUMENT = 64 * 1024 * 1024
GZIP = 31


class Archive:
    """Is fed pieces of any size, and keeps no more of them than a header; documents are passed over unread."""

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
        """Raises Damaged when something is missing at the end."""
        self._scan(self._inflating.flush())
        if not self._inflating.eof or self._rest or self._skip or self._about is None or self._in_block is not None:
            raise Damaged("it breaks off")
        if self._open:
            # A collection without an end was cut off when mongodump was.
            raise Damaged(f"{min(self._open)} is not complete in it")

    def _scan(self, piece: bytes) -> None:
        self._rest += piece
        at = 0
        while (used := self._read_next(at)) > 0:
            at += used
        self._rest = self._rest[at:]

    # Each reads one thing, and returns how many bytes that was; 0 = there are not enough yet.

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
        """Of documents as many as there are: there may be millions."""
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
        """Of the document that begins here; 0 = not known yet."""
        if len(self._rest) - at < WORD:
            return 0
        length = int.from_bytes(self._rest[at : at + WORD], "little")
        if not WORD < length <= LONGEST_DOCUMENT:
            raise Damaged("it is no archive of mongodump")
        return length


def _namespace(document: Mapping[str, Any]) -> str:
    return f"{document['db']}.{document['collection']}"
