"""`tocsin schema`: prints the runbook's JSON Schema for editors."""

import json

import click

from bot.runbook.schema import runbook_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema of the runbook, for your editor.

    Keep it beside the runbook: tocsin schema > runbook.schema.json
    """
    click.echo(json.dumps(runbook_schema(), indent=2))
