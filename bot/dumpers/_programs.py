"""Other people's programs, run so that they learn nothing of ours, and never outlive our reading them."""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path

from bot.dumpers import Content

VERSION_WITHIN_S = 20
# The first and the last ones: a program that talks much must not fill our memory.
LINES_KEPT = 40

# Of our own environment, what a program needs to run; none of our secrets.
KEPT_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


def base_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ} | {"LC_ALL": "C"}


def every_program(name: str, folders: Sequence[Path]) -> list[Path]:
    """Every program of this name, on the PATH first and then in the folders."""
    places = [shutil.which(name), *(shutil.which(name, path=str(folder)) for folder in folders)]
    return [Path(place) for place in dict.fromkeys(places) if place]


async def what_it_says(path: Path, *arguments: str) -> bytes:
    """Of its own version, say; empty when it is there but does not run here."""
    try:
        program = await asyncio.create_subprocess_exec(
            path, *arguments, env=base_environment(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return b""
    try:
        async with asyncio.timeout(VERSION_WITHIN_S):
            said, _ = await program.communicate()
    except TimeoutError:
        return b""
    finally:
        await end(program)
    return said


async def feed(stdin: asyncio.StreamWriter, content: Content) -> None:
    """Until the program has seen enough and closes its end."""
    try:
        async with aclosing(content) as pieces:
            with suppress(BrokenPipeError, ConnectionResetError):
                async for piece in pieces:
                    stdin.write(piece)
                    await stdin.drain()
    finally:
        # Also where the content breaks off: a program that waits for more would wait for ever.
        stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await stdin.wait_closed()


async def end(program: asyncio.subprocess.Process) -> None:
    """Nothing of ours runs on when we have stopped reading it."""
    if program.returncode is None:
        with suppress(ProcessLookupError):
            program.kill()
        await program.wait()


async def listen(stderr: asyncio.StreamReader, understood: Callable[[str], bool]) -> bytes:
    """Until the program is silent for good; returns what it said besides the lines that were understood, shortened."""
    kept: list[bytes] = []
    async for line in stderr:
        if not understood(line.decode("utf-8", "replace").rstrip()):
            kept = [*kept[: LINES_KEPT // 2], *kept[LINES_KEPT // 2 :][-LINES_KEPT // 2 :], line]
    return b"".join(kept)


def last_error(said: bytes) -> str:
    """The line that says what went wrong: the first error, else the last word."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line]
    line = (errors or lines[-1:] or ["it said nothing"])[0]
    return line.partition("error:")[2].strip() or line
