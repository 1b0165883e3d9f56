"""A dump of PostgreSQL, poured into a database by pg_restore: by one that can read it, and whatever the server's age.

A pg_restore that is newer than the server begins by switching off time-outs that the server has never heard of. That is
the only thing that may fail: of a setting that is not there nothing has to be switched off.
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
# By the format that the second byte after the magic names: which version of PostgreSQL was the first to read it.
READ_SINCE = {14: 12, 15: 16, 16: 17}
HEADER_BYTES = len(MAGIC) + 3
# A subscription would go on receiving, or keep a database from being dropped. Policies hold for the materialized views,
# which are filled at the end, as whenever those are filled; tables have their rows before any policy.
OPTIONS = ("--verbose", "--no-password", "--no-subscriptions", "--enable-row-security")

ERROR = "pg_restore: error: "
COMMAND = "Command was: "
LABELS = ("LINE ", "DETAIL:", "HINT:", "QUERY:", "CONTEXT:")
FORGIVEN = re.compile(r"Command was: SET [a-z_]+ = ")
IGNORED = re.compile(r"pg_restore: warning: errors ignored on restore: (\d+)")


async def reader_of(content: Content, tools: Sequence[Tool], wanted: int = 0) -> tuple[Tool, Content]:
    """The program that fits `wanted`, the server's version, and can read this; and the content from its beginning.

    Raises Rejected when every one is too old.
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
    """The major version that is needed; 0 = any, or that is for pg_restore itself to say."""
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
    """Into this database, and no further than the first thing that cannot be restored: half a database is none.

    Raises Rejected with what PostgreSQL said, Unreachable where the server went away, and Unanswered where nothing
    moves any more.
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
            # What comes after the first error would be half a database.
            await end(restoring)
    said.hear(COMMAND)


class Complaints:
    """What pg_restore says, line by line. `error` is the first one that is not about a setting, '' = there is none."""

    def __init__(self) -> None:
        self.forgiven = 0
        self.ignored = 0
        self.error = ""
        self._pending: list[str] = []
        self._is_detail = False

    def excuses(self, code: int) -> bool:
        """Whether a program that ended with this has restored everything: one that is killed complains of nothing."""
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
        """What is in a database is not for a channel: rows stand in brackets behind DETAIL, and after COPY.

        The labels are libpq's, in our language; the words are in the server's.
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
