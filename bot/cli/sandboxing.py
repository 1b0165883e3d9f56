"""`tocsin sandbox`: shows the bot in the browser, in a simulated workspace."""

import asyncio
import os

import click

from bot.cli.bootstrap import read_runbook, read_settings
from bot.cli.carrying import serve
from bot.sandbox_app import run_sandbox

# The only variables that the sandbox reads. All others belong to something real, and may even be invalid.
SANDBOX_READS = frozenset(
    {"PORT", "HOST", "TOCSIN_HOME", "TOCSIN_RUNBOOK", "HOME", "XDG_STATE_HOME", "LOG_LEVEL", "LOG_FORMAT"}
)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Where the page is. Without it: PORT, else 8080.")
def sandbox(port: int | None) -> None:
    """Try all of it in your browser, without any account.

    Nobody is woken. Plays ./runbook.yml when there is one, else the runbook that is shipped.
    """
    environ = {name: value for name, value in os.environ.items() if name in SANDBOX_READS}
    settings = read_settings({"LOG_LEVEL": "WARNING", **environ})
    own = settings.runbook if settings.runbook.exists() else None
    if own:
        read_runbook(settings)
    where = settings.port if port is None else port
    serve(run_sandbox(os.environ, port=where, runbook_file=own, stop=asyncio.Event()))
