"""A fork server: an interpreter that has imported all of Tocsin, and forks for each command that is started.

Importing the program takes more than a CPU second, and most commands take much less. A command started here is
nevertheless a process of its own, with its own folder, environment, files and exit code, and runs what `python -m
bot.cli` runs; only the imports are done already. That's safe because nothing happens at import.
"""

import asyncio
import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent
PROGRAM = "bot.cli"
LONGEST_ORDER = 1 << 16

# In the tests' process


@dataclass(eq=False)
class Program:
    """A command that was started; use it like an asyncio `Process`. Without pipes, there is nothing to read."""

    pid: int
    stdout: asyncio.StreamReader | None = None
    stderr: asyncio.StreamReader | None = None
    returncode: int | None = None
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _following: asyncio.Task[None] | None = None

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        assert self.stdout and self.stderr
        out, err, _ = await asyncio.gather(self.stdout.read(), self.stderr.read(), self.wait())
        return out, err

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)

    def follow(self, report: asyncio.StreamReader) -> None:
        """Learn from `report` when it ends."""
        self._following = asyncio.create_task(self._follow(report))

    async def _follow(self, report: asyncio.StreamReader) -> None:
        self.returncode = int(await report.read())
        self._ended.set()


async def start(
    words: Sequence[str], *, at: Path, environ: Mapping[str, str], into: IO[bytes] | None = None, alone: bool = False
) -> Program:
    """Run `tocsin` with these words. `into`: a file for all its output, instead of pipes; `alone`: in a process group
    of its own."""
    order = {"words": words, "at": str(at), "environ": dict(environ), "alone": alone}
    reads, report = os.pipe()
    if into:
        _send(order, [into.fileno(), into.fileno(), report])
        program = Program(_pid(reads))
    else:
        (out, its_out), (err, its_err) = os.pipe(), os.pipe()
        _send(order, [its_out, its_err, report])
        os.close(its_out)
        os.close(its_err)
        program = Program(_pid(reads), await _reader(out), await _reader(err))
    os.close(report)
    program.follow(await _reader(reads))
    return program


def _send(order: Mapping[str, Any], files: Sequence[int]) -> None:
    socket.send_fds(_interpreter(), [json.dumps(order).encode()], files)


def _pid(report: int) -> int:
    """Read the pid from the first line, blocking, which is short. No other order is sent meanwhile."""
    said = b""
    while not said.endswith(b"\n"):
        read = os.read(report, 1)
        assert read, "the interpreter has ended"
        said += read
    return int(said)


async def _reader(pipe: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    file = os.fdopen(pipe, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    return reader


@cache
def _interpreter() -> socket.socket:
    """The socket of the fork server: one for all tests of this process, and it ends with it."""
    ours, its = socket.socketpair()
    interpreter = subprocess.Popen(
        [sys.executable, "-m", "tests.at_hand", str(its.fileno())],
        cwd=ROOT, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}, pass_fds=[its.fileno()],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    its.close()
    atexit.register(interpreter.wait)
    atexit.register(ours.close)
    assert ours.recv(1), "the interpreter could not read the program"
    return ours


# In the fork server


def divide(orders: socket.socket) -> Mapping[str, Any]:
    """Wait for orders; returns only in a forked process, with the order it has to carry out."""
    gc.freeze()
    # Ctrl-C is handled by the tests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        order, files, _, _ = socket.recv_fds(orders, LONGEST_ORDER, 3)
        if not order:
            os._exit(0)
        if os.fork() == 0:
            orders.close()
            return begun(json.loads(order), *files)
        for file in files:
            os.close(file)
        _bury()


def begun(order: Mapping[str, Any], out: int, err: int, report: int) -> Mapping[str, Any]:
    """Fork again: the intermediate process waits for the program and reports its exit code; this returns in the
    program."""
    program = os.fork()
    if program:
        os.close(out)
        os.close(err)
        _, status = os.waitpid(program, 0)
        with suppress(BrokenPipeError):
            os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if order["alone"]:
        os.setsid()
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(order["at"])
    os.environ.clear()
    os.environ.update(order["environ"])
    os.write(report, b"%d\n" % os.getpid())
    for file in (out, err, report):
        os.close(file)
    return order


def _bury() -> None:
    """Reap intermediate processes that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    importlib.import_module(f"{PROGRAM}.shelf").load_all()
    place = socket.socket(fileno=int(sys.argv[1]))
    place.sendall(b"\n")
    sys.argv[1:] = divide(place)["words"]
    runpy.run_module(PROGRAM, run_name="__main__", alter_sys=True)
