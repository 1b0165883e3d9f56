"""How every command begins and ends: settings, log, runbook, database, and the signals that tell it to stop."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from bot import logs
from bot.domain.errors import Refused
from bot.rendering import templates_folder
from bot.runbook import Runbook, load
from bot.settings import Settings

Result = TypeVar("Result")

STARTER = "starter"


class CannotBegin(Refused):
    """What the command needs is missing or cannot be used: nothing was tried."""


def read_settings(environ: Mapping[str, str] = os.environ, *, log_level: str | None = None) -> Settings:
    """The environment, and a log that keeps its secrets. `log_level` None: as the environment says."""
    logs.configure(level=log_level or "INFO")
    try:
        settings = Settings.from_environment(environ)
    except Refused as error:
        raise CannotBegin(str(error)) from error
    logs.configure(level=log_level or settings.log_level, style=settings.log_format, secrets=settings.redactions())
    return settings


def read_runbook(settings: Settings, *, log_level: str | None = None) -> Runbook:
    """The runbook of the settings; its secrets stay out of the log too. Raises CannotBegin with every mistake."""
    try:
        runbook = load(settings.runbook, os.environ)
    except Refused as error:
        raise CannotBegin(str(error)) from error
    logs.configure(
        level=log_level or settings.log_level,
        style=settings.log_format,
        secrets=[*settings.redactions(), *runbook.redactions()],
    )
    return runbook


def shipped_runbooks() -> dict[str, Path]:
    """The runbooks that come with Tocsin, by name."""
    files = sorted((templates_folder() / "runbooks").glob("*.yml"))
    return {file.stem: file for file in files}


def carry_out(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end. Told to stop by SIGTERM or Ctrl-C, it is stopped in order, and click.Abort is raised.

    A second signal does not wait for the order.
    """

    async def until_told() -> Result:
        task = asyncio.current_task()
        assert task is not None
        for told in (signal.SIGTERM, signal.SIGINT):
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
