"""Other people's programs, run so that they learn nothing of ours, and never outlive our reading them."""

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
# Long enough to sort the largest table, short enough to be noticed the same night.
SILENT_FOR_AT_MOST_S = 1800
# The first and the last ones: a program that talks much must not fill our memory.
LINES_KEPT = 40

PIECE_BYTES = 1024 * 1024

# Of our own environment, what a program needs to run; none of our secrets.
KEPT_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


def base_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ} | {"LC_ALL": "C"}


def every_program(name: str, folders: Sequence[Path]) -> list[Path]:
    """Every program of this name, on the PATH first and then in the folders."""
    places = [shutil.which(name), *(shutil.which(name, path=str(folder)) for folder in folders)]
    return [Path(place) for place in dict.fromkeys(places) if place]


async def start(
    path: Path, *arguments: str, env: Mapping[str, str], stdin: int, stdout: int, stderr: int,
    limit: int = PIECE_BYTES, pass_fds: Sequence[int] = (),
) -> asyncio.subprocess.Process:  # fmt: skip
    """A program that ends with us, however we end: one that waits for a server would live on after a `kill -9`."""
    leash = await asyncio.to_thread(_leash)
    return await asyncio.create_subprocess_exec(
        *leash, path, *arguments, env=env, limit=limit, stdin=stdin, stdout=stdout, stderr=stderr, pass_fds=pass_fds
    )


@cache
def _leash() -> tuple[str, ...]:
    """Linux kills the program when its parent dies; elsewhere it ends when it writes to nobody."""
    setpriv = shutil.which("setpriv")
    # That of a very small system knows no such option.
    if setpriv is None or Path(setpriv).resolve().name != "setpriv":
        return ()
    return (setpriv, "--pdeathsig", "KILL", "--")


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


async def feed(stdin: asyncio.StreamWriter, content: Content, heard: Callable[[], None] = lambda: None) -> None:
    """Until the program has seen enough and closes its end."""
    try:
        async with aclosing(content) as pieces:
            with suppress(BrokenPipeError, ConnectionResetError):
                async for piece in pieces:
                    stdin.write(piece)
                    await stdin.drain()
                    heard()
    finally:
        # Also where the content breaks off: a program that waits for more would wait for ever.
        stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await stdin.wait_closed()


class StallLimit:
    """How long one program may say nothing, read nothing and write nothing."""

    def __init__(self, what: str, seconds: float = SILENT_FOR_AT_MOST_S) -> None:
        self._what = what
        self._seconds = seconds
        self._limit: asyncio.Timeout | None = None

    @asynccontextmanager
    async def limited(self) -> AsyncIterator[None]:
        """Raises Unanswered when nothing was `heard` for too long."""
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
    """What a program writes, until it has no more to say. Raises Unanswered."""
    while True:
        async with silence.limited():
            piece = await stdout.read(PIECE_BYTES)
        if not piece:
            return
        yield piece


async def end(program: asyncio.subprocess.Process) -> None:
    """Nothing of ours runs on when we have stopped reading it."""
    if program.returncode is None:
        with suppress(ProcessLookupError):
            program.kill()
        await program.wait()


def killed(program: asyncio.subprocess.Process) -> str:
    """Which signal ended it, in words, '' = none did: of what it was reading it has said nothing then."""
    code = program.returncode or 0
    if code >= 0:
        return ""
    out_of_memory = ", as of a machine that runs out of memory" if -code == signal.SIGKILL else ""
    return f"it was ended from outside (signal {-code}, {signal.strsignal(-code) or 'unknown'}{out_of_memory})"


async def listen(stderr: asyncio.StreamReader, understood: Callable[[str], bool]) -> bytes:
    """Until the program is silent for good; returns what it said besides the lines that were understood, shortened."""
    kept: list[bytes] = []
    async for line in stderr:
        if not understood(line.decode("utf-8", "replace").rstrip()):
            kept = [*kept[: LINES_KEPT // 2], *kept[LINES_KEPT // 2 :][-LINES_KEPT // 2 :], line]
    return b"".join(kept)


def whole_error(said: bytes, name: str) -> str:
    """From the first error on, what the program `name` said, without its own name before each line."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if "error:" in line or "fatal:" in line), len(lines) - 1)
    told = [line.removeprefix(f"{name}: ") for line in lines[max(first, 0) :]]
    for kind in ("error: ", "fatal: ", "detail: ", "hint: "):
        told = [line.removeprefix(kind) for line in told]
    return " ".join(told) or "it said nothing"
