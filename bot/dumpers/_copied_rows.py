"""Counts the rows in a PostgreSQL dump written as SQL: each line between `COPY … FROM stdin;` and `\\.` is a row."""

import re
from collections.abc import Mapping

from bot.dumpers._postgresql_tables import UNREADABLE, qualified

END = b"\\.\n"
_NAME = rb'"(?:[^"]|"")+"|[^".\s(]+'
_COPY = re.compile(rb"COPY (?:(%b)\.)?(%b) .*FROM stdin;" % (_NAME, _NAME), re.DOTALL)
_ENCODING = re.compile(rb"SET client_encoding = '(\w+)';")
# Python's names for PostgreSQL's encodings. In SQL_ASCII the meaning of bytes is unknown; we try UTF-8.
CODECS = {
    "SQL_ASCII": "utf-8", "UTF8": "utf-8", "EUC_CN": "gb2312", "EUC_JP": "euc_jp", "EUC_KR": "euc_kr",
    "EUC_JIS_2004": "euc_jis_2004", "KOI8R": "koi8_r", "KOI8U": "koi8_u", "WIN866": "cp866", "WIN874": "cp874",
    **{f"WIN{number}": f"cp{number}" for number in range(1250, 1259)},
    **{f"ISO_8859_{number}": f"iso8859_{number}" for number in range(5, 9)},
    **{f"LATIN{number}": f"iso8859_{part}" for number, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), start=1)},
}  # fmt: skip
# A quoted name may contain a line break; a statement longer than this isn't pg_dump's.
LONGEST_STATEMENT = 1024 * 1024


class CopiedRows:
    """Accepts pieces of any size, and buffers no more than a line."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._rest = b""
        self._at = 0
        self._table: str | None = None
        self._codec = "utf-8"
        self._within_row = False

    @property
    def counts(self) -> Mapping[str, int]:
        """By `schema.table`, as `qualified` writes it."""
        return self._counts

    def feed(self, piece: bytes) -> None:
        self._rest, self._at = self._rest[self._at :] + piece, 0
        while self._at < len(self._rest) and (self._read_statement() if self._table is None else self._read_rows()):
            pass

    def _read_statement(self) -> bool:
        """False: more data is needed."""
        end = self._rest.find(b"\n", self._at)
        if self._rest.startswith(b"COPY ", self._at) and len(self._rest) - self._at < LONGEST_STATEMENT:
            begun = self._rest.find(b" FROM stdin;\n", self._at)
            end = self._rest.find(b"\n", begun) if begun >= 0 else -1
        if end < 0:
            return False
        statement = self._rest[self._at : end]
        if found := _COPY.fullmatch(statement):
            self._table = qualified(*(self._text(name) for name in found.groups() if name))
            self._counts.setdefault(self._table, 0)
        elif encoding := _ENCODING.fullmatch(statement):
            self._codec = CODECS.get(encoding[1].decode(), "utf-8")
        self._at = end + 1
        return True

    def _read_rows(self) -> bool:
        """False: more data is needed."""
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
        # A row that continues in the next piece isn't buffered: it may be large.
        self._within_row = last < 0
        self._at = last + 1 if last >= 0 else len(self._rest)
        return True

    def _text(self, name: bytes) -> str:
        plain = name[1:-1].replace(b'""', b'"') if name.startswith(b'"') else name
        return plain.decode(self._codec, UNREADABLE)
