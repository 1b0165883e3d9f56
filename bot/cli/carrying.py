"""How a command is carried out, and the signals that tell it to stop."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import click

log = logging.getLogger(__name__)

# A moment before Docker and its like kill.
GONE_WITHIN_S = 9.5
NOT_IN_ORDER = 1

Result = TypeVar("Result")


def carry_out(work: Coroutine[Any, Any, Result], *, gone_within_s: float | None = None) -> Result:
    """Run it to its end. Told to stop by SIGTERM, Ctrl-C or the end of its terminal, it is stopped in order, and
    click.Abort is raised. What was started by `nohup` outlives its terminal.

    A second signal does not wait for the order. `gone_within_s`: nor does the process, so long after the first.
    """

    async def until_told() -> Result:
        task = asyncio.current_task()
        assert task is not None
        outlives_its_terminal = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN

        def stop() -> None:
            if gone_within_s is not None:
                _leave_after(gone_within_s)
            task.cancel()

        for told in (signal.SIGTERM, signal.SIGINT, *([] if outlives_its_terminal else [signal.SIGHUP])):
            asyncio.get_running_loop().add_signal_handler(told, stop)
        return await work

    try:
        return asyncio.run(until_told())
    except asyncio.CancelledError as error:
        raise click.Abort from error


def serve(work: Coroutine[Any, Any, None], *, gone_within_s: float = GONE_WITHIN_S) -> None:
    """The same for what has no other end than being told to stop."""
    with suppress(click.Abort):
        carry_out(work, gone_within_s=gone_within_s)


def _leave_after(seconds: float) -> None:
    """What cannot be stopped, such as a thread that waits for a name server, must not have the process killed."""

    def leave() -> None:
        log.warning("stop: something has not ended after %g s, left as it is", seconds)
        os._exit(NOT_IN_ORDER)

    alarm = threading.Timer(seconds, leave)
    alarm.daemon = True
    alarm.start()
