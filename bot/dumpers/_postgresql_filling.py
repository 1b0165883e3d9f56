"""Restores a PostgreSQL dump into a database, with a pg_restore that can read it, however old the server is.

A pg_restore newer than the server begins by disabling time-outs that the server doesn't know. Only these errors are
forgiven: a setting that doesn't exist needn't be disabled.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing

from bot.domain.errors import Rejected
from bot.dumpers import Content, Equipment
from bot.dumpers._postgresql import Tool, advice, environment_for, failed, nearest, tool_at
from bot.dumpers._programs import StallLimit, end, feed, killed, start
from bot.runbook.backups import PostgresqlBackup

MAGIC = b"PGDMP"
# By the archive format in the second byte after the magic: the first version of PostgreSQL that can read it.
READ_SINCE = {14: 12, 15: 16, 16: 17}
HEADER_BYTES = len(MAGIC) + 3
# An active subscription would go on receiving data and would keep the database from being dropped. Row security applies
# when materialized views are filled at the end, as it did originally; tables get their rows before any policy.
OPTIONS = ("--verbose", "--no-password", "--no-subscriptions", "--enable-row-security")

ERROR = "pg_restore: error: "
COMMAND = "Command was: "
LABELS = ("LINE ", "DETAIL:", "HINT:", "QUERY:", "CONTEXT:")
FORGIVEN = re.compile(r"Command was: SET [a-z_]+ = ")
IGNORED = re.compile(r"pg_restore: warning: errors ignored on restore: (\d+)")


async def reader_of(content: Content, tools: Sequence[Tool], wanted: int = 0) -> tuple[Tool, Content]:
    """The best program for `wanted`, the server's version, that can read this dump; and the content from the beginning.

    Raises Rejected if all of them are too old.
    """
    begun = b""
    async for piece in content:
        begun += piece
        if len(begun) >= HEADER_BYTES:
            break
    oldest = max(wanted, _read_since(begun))
    fitting = [tool for tool in tools if tool.major >= oldest]
    whole = _from_beginning(begun, content)
    if fitting:
        return nearest(fitting), whole
    await whole.aclose()
    await content.aclose()
    raise Rejected(f"pg_restore {tools[-1].version} is too old to read this dump: {advice(oldest)}")


def _read_since(header: bytes) -> int:
    """The major version needed; 0: any, or the header is unknown and pg_restore has to judge."""
    if not header.startswith(MAGIC) or len(header) < HEADER_BYTES:
        return 0
    return READ_SINCE.get(header[len(MAGIC) + 1], 0)


async def _from_beginning(begun: bytes, content: Content) -> Content:
    async with aclosing(content) as pieces:
        if begun:
            yield begun
        async for piece in pieces:
            yield piece


async def fill_with(backup: PostgresqlBackup, database: str, content: Content, equipment: Equipment) -> None:
    """Restore into this database, and stop at the first error: half a database is none.

    Raises Rejected with PostgreSQL's message, Unreachable if the server went away, and Unanswered if nothing moves any
    more.
    """
    wanted, *others = [await tool_at(path) for path in [equipment.program, *equipment.others]]
    known = sorted({tool for tool in [wanted, *others] if tool}, key=lambda tool: tool.numbers)
    reader, whole = await reader_of(content, known, wanted.major if wanted else 0)
    restoring = await start(
        reader.path, *OPTIONS, f"--dbname={database}", env=environment_for(backup, database),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert restoring.stdin and restoring.stderr
    silence, said = StallLimit("pg_restore"), Complaints()
    listening = asyncio.create_task(_listen(restoring, said, silence))
    try:
        async with silence.limited():
            await feed(restoring.stdin, whole, silence.heard)
            code = await restoring.wait()
            await listening
        if said.error or not said.excuses(code):
            words = said.error or killed(restoring) or f"it ended with {code}"
            raise failed(words, backup, program="pg_restore", otherwise=Rejected)
    finally:
        await end(restoring)
        listening.cancel()


async def _listen(restoring: asyncio.subprocess.Process, said: "Complaints", silence: StallLimit) -> None:
    assert restoring.stderr
    async for line in restoring.stderr:
        silence.heard()
        said.hear(line.decode("utf-8", "replace").rstrip())
        if said.error:
            # Anything restored after the first error would be half a database.
            await end(restoring)
    said.hear(COMMAND)


class Complaints:
    """Parses pg_restore's output line by line. `error` is the first error that isn't forgiven, '' if there is none."""

    def __init__(self) -> None:
        self.forgiven = 0
        self.ignored = 0
        self.error = ""
        self._pending: list[str] = []
        self._is_detail = False

    def excuses(self, code: int) -> bool:
        """Does this exit code mean that everything was restored? A killed program reports no error."""
        return code == 0 or (code > 0 and 0 < self.ignored == self.forgiven)

    def hear(self, line: str) -> None:
        if self.error:
            return
        if FORGIVEN.match(line) and self._pending:
            self._pending.clear()
            self.forgiven += 1
        elif self._pending and line.startswith(("pg_restore: ", COMMAND)):
            self.error = " ".join(self._pending)
        elif line.startswith(ERROR):
            self._pending = [line.removeprefix(ERROR)]
            self._is_detail = False
        elif self._pending:
            self._pending += filter(None, [self._without_rows(line)])
        elif found := IGNORED.match(line):
            self.ignored = int(found[1])

    def _without_rows(self, line: str) -> str:
        """The line without row values, which must not get into a channel: they are in parentheses after DETAIL, and
        after COPY.

        The labels are libpq's, in our locale; the text is in the server's.
        """
        if line.startswith(LABELS):
            self._is_detail = line.startswith("DETAIL:")
        elif self._is_detail:
            return ""
        if self._is_detail:
            words, bracket, _ = line.partition("(")
            return words + "…" if bracket else line
        context, words = line.startswith("CONTEXT:  ") * "CONTEXT:  ", line.removeprefix("CONTEXT:  ")
        return context + words.partition(": ")[0] if words.startswith("COPY ") else line
