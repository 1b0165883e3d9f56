"""Counts the rows in a dump of PostgreSQL written out as SQL: from `COPY … FROM stdin;` to `\\.` a line is a row."""

import re
from collections.abc import Mapping

END = b"\\.\n"
_NAME = r'"(?:[^"]|"")+"|[^".\s(]+'
_COPY = re.compile(rf"COPY (?:({_NAME})\.)?({_NAME}) .*FROM stdin;", re.DOTALL)
# A name may hold a line's end; a statement that is longer than this is none of ours.
LONGEST_STATEMENT = 1024 * 1024


class CopiedRows:
    """Is fed pieces of any size, and keeps no more of them than a line."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._rest = b""
        self._at = 0
        self._table: str | None = None
        self._within_row = False

    @property
    def counts(self) -> Mapping[str, int]:
        """By `schema.table`."""
        return self._counts

    def feed(self, piece: bytes) -> None:
        self._rest, self._at = self._rest[self._at :] + piece, 0
        while self._at < len(self._rest) and (self._read_statement() if self._table is None else self._read_rows()):
            pass

    def _read_statement(self) -> bool:
        """False when more has to come first."""
        end = self._rest.find(b"\n", self._at)
        if self._rest.startswith(b"COPY ", self._at) and len(self._rest) - self._at < LONGEST_STATEMENT:
            begun = self._rest.find(b" FROM stdin;\n", self._at)
            end = self._rest.find(b"\n", begun) if begun >= 0 else -1
        if end < 0:
            return False
        if found := _COPY.fullmatch(self._rest[self._at : end].decode("utf-8", "replace")):
            self._table = ".".join(_unquoted(name) for name in found.groups() if name)
            self._counts.setdefault(self._table, 0)
        self._at = end + 1
        return True

    def _read_rows(self) -> bool:
        """False when more has to come first."""
        assert self._table is not None
        if not self._within_row:
            head = self._rest[self._at : self._at + len(END)]
            if head == END:
                self._at += len(END)
                self._table = None
                return True
            if END.startswith(head):
                return False
        end = self._rest.find(b"\n" + END, self._at)
        last = end if end >= 0 else self._rest.rfind(b"\n", self._at)
        self._counts[self._table] += self._rest.count(b"\n", self._at, last + 1)
        # Of a row that goes on in the next piece nothing is kept: it may be large.
        self._within_row = last < 0
        self._at = last + 1 if last >= 0 else len(self._rest)
        return True


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
