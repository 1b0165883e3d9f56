"""How a command is carried out, and the signals that tell it to stop."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import click

Result = TypeVar("Result")


def carry_out(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end. Told to stop by SIGTERM, Ctrl-C or the end of its terminal, it is stopped in order, and
    click.Abort is raised. What was started by `nohup` outlives its terminal.

    A second signal does not wait for the order.
    """

    async def until_told() -> Result:
        task = asyncio.current_task()
        assert task is not None
        outlives_its_terminal = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        for told in (signal.SIGTERM, signal.SIGINT, *([] if outlives_its_terminal else [signal.SIGHUP])):
            asyncio.get_running_loop().add_signal_handler(told, task.cancel)
        return await work

    try:
        return asyncio.run(until_told())
    except asyncio.CancelledError as error:
        raise click.Abort from error


def serve(work: Coroutine[Any, Any, None]) -> None:
    """The same for what has no other end than being told to stop."""
    with suppress(click.Abort):
        carry_out(work)
