"""Tocsin as a program: started as a person would start it, with nothing of our own environment."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-m", "bot.cli")
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


async def tocsin(*words: str, at: Path, **environ: str) -> Ended:
    """Run a command in the folder `at` to its end."""
    async with started(*words, at=at, **environ) as process:
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def started(*words: str, at: Path, **environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command that runs while the block does; it is killed when it is still there at the end."""
    base = {"PATH": os.environ["PATH"], "HOME": str(at), "TOCSIN_HOME": str(at / "home"), "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *words, cwd=at, env=base | environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_with(words: str, stream: asyncio.StreamReader | None) -> str:
    """The next line that holds these words."""
    assert stream is not None
    seen = []
    async with asyncio.timeout(PATIENCE_S):
        while line := (await stream.readline()).decode():
            seen.append(line)
            if words in line:
                return line
    raise AssertionError(f"it never said {words!r}: {''.join(seen)}")
