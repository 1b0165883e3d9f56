"""Runs other programs so that they see none of our secrets and never outlive us."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from functools import cache
from pathlib import Path

from bot.domain.errors import Unanswered
from bot.dumpers import Content

VERSION_WITHIN_S = 20
# Long enough to sort the largest table, short enough that a hang is noticed the same night.
SILENT_FOR_AT_MOST_S = 1800
# The first and the last lines: a talkative program must not fill our memory.
LINES_KEPT = 40

PIECE_BYTES = 1024 * 1024

# What a program needs of our environment to run; none of our secrets.
KEPT_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


def base_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ} | {"LC_ALL": "C"}


def every_program(name: str, folders: Sequence[Path]) -> list[Path]:
    """Every program of this name: the one on the PATH first, then those in the folders."""
    places = [shutil.which(name), *(shutil.which(name, path=str(folder)) for folder in folders)]
    return [Path(place) for place in dict.fromkeys(places) if place]


async def start(
    path: Path, *arguments: str, env: Mapping[str, str], stdin: int, stdout: int, stderr: int,
    limit: int = PIECE_BYTES, pass_fds: Sequence[int] = (),
) -> asyncio.subprocess.Process:  # fmt: skip
    """Start a program that dies with us, however we die: one that waits for a server would survive our `kill -9`."""
    leash = await asyncio.to_thread(_leash)
    return await asyncio.create_subprocess_exec(
        *leash, path, *arguments, env=env, limit=limit, stdin=stdin, stdout=stdout, stderr=stderr, pass_fds=pass_fds
    )


@cache
def _leash() -> tuple[str, ...]:
    """The command prefix that makes Linux kill the program when its parent dies; elsewhere it ends on a broken pipe."""
    setpriv = shutil.which("setpriv")
    # BusyBox's setpriv doesn't have the option.
    if setpriv is None or Path(setpriv).resolve().name != "setpriv":
        return ()
    return (setpriv, "--pdeathsig", "KILL", "--")


async def what_it_says(path: Path, *arguments: str) -> bytes:
    """Its output, for example for `--version`; empty if it doesn't run here."""
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


async def feed(stdin: asyncio.StreamWriter, content: Content, heard: Callable[[], None] = lambda: None) -> None:
    """Write the content until the program has read enough and closes its end."""
    try:
        async with aclosing(content) as pieces:
            with suppress(BrokenPipeError, ConnectionResetError):
                async for piece in pieces:
                    stdin.write(piece)
                    await stdin.drain()
                    heard()
    finally:
        # Close it even if the content breaks off, or the program would wait for more for ever.
        stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await stdin.wait_closed()


class StallLimit:
    """Limits how long a program may neither say, read nor write anything."""

    def __init__(self, what: str, seconds: float = SILENT_FOR_AT_MOST_S) -> None:
        self._what = what
        self._seconds = seconds
        self._limit: asyncio.Timeout | None = None

    @asynccontextmanager
    async def limited(self) -> AsyncIterator[None]:
        """Raises Unanswered if `heard` wasn't called for too long."""
        try:
            async with asyncio.timeout(self._seconds) as self._limit:
                yield
        except TimeoutError as error:
            raise Unanswered(f"{self._what} has been silent for {self._seconds / 60:.0f} minutes") from error
        finally:
            self._limit = None

    def heard(self) -> None:
        if self._limit and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time() + self._seconds)


async def pieces_of(stdout: asyncio.StreamReader, silence: StallLimit) -> Content:
    """A program's output, until it closes it. Raises Unanswered."""
    while True:
        async with silence.limited():
            piece = await stdout.read(PIECE_BYTES)
        if not piece:
            return
        yield piece


async def end(program: asyncio.subprocess.Process) -> None:
    """Kill the program if it is still running, and wait for it."""
    if program.returncode is None:
        with suppress(ProcessLookupError):
            program.kill()
        await program.wait()


def killed(program: asyncio.subprocess.Process) -> str:
    """Which signal killed it, in words; '' if none did. A killed program's own output says nothing about it."""
    code = program.returncode or 0
    if code >= 0:
        return ""
    out_of_memory = ", as of a machine that runs out of memory" if -code == signal.SIGKILL else ""
    return f"it was ended from outside (signal {-code}, {signal.strsignal(-code) or 'unknown'}{out_of_memory})"


async def listen(stderr: asyncio.StreamReader, understood: Callable[[str], bool]) -> bytes:
    """Read until the program closes stderr; return the lines that weren't understood, shortened."""
    kept: list[bytes] = []
    async for line in stderr:
        if not understood(line.decode("utf-8", "replace").rstrip()):
            kept = [*kept[: LINES_KEPT // 2], *kept[LINES_KEPT // 2 :][-LINES_KEPT // 2 :], line]
    return b"".join(kept)


def whole_error(said: bytes, name: str) -> str:
    """The output from the first error on, without the prefix `name` before each line."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if "error:" in line or "fatal:" in line), len(lines) - 1)
    told = [line.removeprefix(f"{name}: ") for line in lines[max(first, 0) :]]
    for kind in ("error: ", "fatal: ", "detail: ", "hint: "):
        told = [line.removeprefix(kind) for line in told]
    return " ".join(told) or "it said nothing"
