"""Compiles all templates in a process of its own: it takes a processor seconds, and pages would wait meanwhile.

`python -m bot.compiling FILTER...`; on its output comes what `Rendering.keep` takes.
"""

import asyncio
import logging
import marshal
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.rendering import Rendering

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
    """For `Rendering.keep` of one with these filters; nothing when it cannot be had."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.compiling", *filters, cwd=Path(__file__).parent.parent,
        env={},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        made, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        log.warning("templates could not be compiled in advance: exit %s", process.returncode)
        return {}
    compiled: Mapping[str, bytes] = marshal.loads(made)  # noqa: S302 - from a process of our own
    return compiled


def _not_here(*_: Any, **__: Any) -> str:
    raise LookupError("known to the bot alone")


if __name__ == "__main__":
    main()
