"""What every command starts with: settings, log and runbook."""

import os
from collections.abc import Mapping

from bot import logs
from bot.cli.refusals import CannotBegin
from bot.domain.errors import Refused
from bot.runbook import Runbook, load
from bot.settings import Settings


def read_settings(environ: Mapping[str, str] = os.environ, *, log_level: str | None = None) -> Settings:
    """Read the environment, and set up a log that redacts its secrets. `log_level` None: the environment's."""
    logs.configure(level=log_level or "INFO")
    try:
        settings = Settings.from_environment(environ)
    except Refused as error:
        raise CannotBegin(str(error)) from error
    logs.configure(level=log_level or settings.log_level, style=settings.log_format, secrets=settings.redactions())
    return settings


def read_runbook(settings: Settings, *, log_level: str | None = None) -> Runbook:
    """Read the runbook, and redact its secrets in the log too. Raises CannotBegin with every mistake."""
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
