"""Compiles all templates in a separate process: it takes seconds of CPU time, during which pages would wait.

`python -m bot.compiling FILTER...`; writes what `Rendering.keep` takes to its standard output.
"""

import asyncio
import logging
import marshal
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from bot.rendering import Rendering
from bot.shipped import program

log = logging.getLogger(__name__)

# Lower priority: pages go first.
NICER_BY = 10
# It takes seconds of a processor; what takes longer than this hangs.
COMPILED_WITHIN_S = 300.0


def main() -> None:
    os.nice(NICER_BY)
    rendering = Rendering(ZoneInfo("UTC"))
    # Only the names of filters matter; they are not called at compile time.
    rendering.use(**dict.fromkeys({*sys.argv[1:]} - {*rendering.filters}, _not_here))
    marshal.dump(rendering.compiled(), sys.stdout.buffer)


async def compiled_elsewhere(filters: Sequence[str], *, within_s: float = COMPILED_WITHIN_S) -> Mapping[str, bytes]:
    """Templates for `Rendering.keep` compiled with these filters; empty when that fails: then each is compiled when
    needed."""
    try:
        async with asyncio.timeout(within_s):
            return await _compiled_elsewhere(filters)
    except TimeoutError:
        log.warning("templates were not compiled in advance within %.0f s", within_s)
        return {}
    except (OSError, ValueError, EOFError) as error:
        log.warning("templates could not be compiled in advance: %s", error)
        return {}


async def _compiled_elsewhere(filters: Sequence[str]) -> Mapping[str, bytes]:
    """Raises OSError when the program can't be started, ValueError or EOFError for unexpected output."""
    command, environment = program("bot.compiling")
    process = await asyncio.create_subprocess_exec(
        *command, *filters, env=environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        made, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = complaints.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ChildProcessError(f"exit {process.returncode} {last}".rstrip())
    compiled: Mapping[str, bytes] = marshal.loads(made)  # noqa: S302 - from a process of our own
    return compiled


def _not_here(*_: Any, **__: Any) -> str:
    raise LookupError("known to the bot alone")


if __name__ == "__main__":
    main()
