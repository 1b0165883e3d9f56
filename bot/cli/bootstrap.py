"""What every command begins with: the settings, the log and the runbook."""

import os
from collections.abc import Mapping

from bot import logs
from bot.cli.refusals import CannotBegin
from bot.domain.errors import Refused
from bot.runbook import Runbook, load
from bot.settings import Settings


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
