"""Runs a command, and stops it on signals."""

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

# A moment before Docker and the like send SIGKILL.
GONE_WITHIN_S = 9.5
NOT_IN_ORDER = 1

Result = TypeVar("Result")


def carry_out(work: Coroutine[Any, Any, Result], *, gone_within_s: float | None = None) -> Result:
    """Run to the end and return the result. SIGTERM, Ctrl-C, or the end of its terminal stop it cleanly and raise
    click.Abort. After `nohup` it outlives its terminal.

    A second signal doesn't wait for the clean stop. `gone_within_s`: nor does the process, this long after the first.
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
    """The same, for commands that only end when they are stopped."""
    with suppress(click.Abort):
        carry_out(work, gone_within_s=gone_within_s)


def _leave_after(seconds: float) -> None:
    """Exit after this time, even if something can't be stopped (a thread waiting for DNS), to avoid a SIGKILL."""

    def leave() -> None:
        log.warning("stop: something has not ended after %g s, left as it is", seconds)
        os._exit(NOT_IN_ORDER)

    alarm = threading.Timer(seconds, leave)
    alarm.daemon = True
    alarm.start()
