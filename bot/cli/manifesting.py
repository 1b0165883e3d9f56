"""`tocsin manifest`: prints the Slack app's manifest."""

import click

from bot.cli.bootstrap import read_runbook, read_settings
from bot.manifest import manifest_for


@click.command()
@click.option("--url", help="For HTTP instead of Socket Mode: where Slack reaches the bot, https://…")
def manifest(url: str | None) -> None:
    """Print the manifest to create the Slack app from.

    With a runbook here, its commands have the names that the runbook gives them.
    """
    settings = read_settings(log_level="WARNING")
    runbook = read_runbook(settings, log_level="WARNING") if settings.runbook.exists() else None
    click.echo(manifest_for(runbook, url), nl=False)
