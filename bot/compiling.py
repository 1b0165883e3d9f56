"""Compiles all templates in a process of its own: it takes a processor seconds, and pages would wait meanwhile.

`python -m bot.compiling FILTER...`; on its output comes what `Rendering.keep` takes.
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

# Pages go first.
NICER_BY = 10


def main() -> None:
    os.nice(NICER_BY)
    rendering = Rendering(ZoneInfo("UTC"))
    # Of a filter its name is all that counts; one that cannot be called is not called in advance.
    rendering.use(**dict.fromkeys({*sys.argv[1:]} - {*rendering.filters}, _not_here))
    marshal.dump(rendering.compiled(), sys.stdout.buffer)


async def compiled_elsewhere(filters: Sequence[str]) -> Mapping[str, bytes]:
    """For `Rendering.keep` of one with these filters; nothing when it cannot be had: then each is compiled when it is
    needed."""
    try:
        return await _compiled_elsewhere(filters)
    except (OSError, ValueError, EOFError) as error:
        log.warning("templates could not be compiled in advance: %s", error)
        return {}


async def _compiled_elsewhere(filters: Sequence[str]) -> Mapping[str, bytes]:
    """Raises OSError when no program can be started, ValueError or EOFError when it did not say what it should."""
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
