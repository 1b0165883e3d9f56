"""Runs Tocsin as a program, as a person would, without anything of our own environment."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import at_hand
from tests.at_hand import ROOT, Program

COMMAND = (sys.executable, "-m", "bot.cli")
TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Ended:
    """A command's exit code and output."""

    code: int
    out: str
    err: str


async def tocsin(*words: str, at: Path, **environ: str) -> Ended:
    """Run a command in the folder `at` and wait for it."""
    program = await at_hand.start(words, at=at, environ=_environment(at) | environ)
    try:
        out, err = await asyncio.wait_for(program.communicate(), TIMEOUT_S)
    finally:
        program.kill()
    return Ended(await program.wait(), out.decode(), err.decode())


@asynccontextmanager
async def started(
    *words: str, at: Path, command: Sequence[str] = COMMAND, **environ: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command that runs during the block, in a fresh interpreter, as a person's would.

    `command`: another installation of Tocsin. It is killed if it still runs at the end.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, *words, cwd=at, env=_environment(at) | environ, stdout=pipe, stderr=pipe
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def begun(*words: str, at: Path, **environ: str) -> AsyncIterator[Program]:
    """Like `started`, but with the fork server: for tests of what a command does, not of how it starts."""
    program = await at_hand.start(words, at=at, environ=_environment(at) | environ)
    try:
        yield program
    finally:
        program.kill()
        await program.wait()


def _environment(at: Path) -> dict[str, str]:
    """The environment, without anything of whoever runs the tests."""
    return {"PATH": os.environ["PATH"], "HOME": str(at), "TOCSIN_HOME": str(at / "home"), "PYTHONPATH": str(ROOT)}


async def line_with(words: str, stream: asyncio.StreamReader | None) -> str:
    """The next line that contains these words."""
    assert stream is not None
    seen = []
    async with asyncio.timeout(TIMEOUT_S):
        while line := (await stream.readline()).decode():
            seen.append(line)
            if words in line:
                return line
    raise AssertionError(f"it never said {words!r}: {''.join(seen)}")
