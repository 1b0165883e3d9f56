"""`tocsin init`: writes a starter runbook."""

from pathlib import Path

import click

from bot.domain.errors import NotFound, Refused
from bot.shipped import STARTER, SUCCESSORS, shipped_runbook, shipped_runbooks

WRITTEN_TO = Path("runbook.yml")
# The file name for the output of `tocsin schema`, as used by the modeline below.
SCHEMA = "runbook.schema.json"
FOR_EDITORS = f"""\
# Keys are completed and checked while you type by an editor with a YAML language server:
# tocsin schema > {SCHEMA}
# yaml-language-server: $schema={SCHEMA}
"""


@click.command()
@click.argument("name", default=STARTER)
def init(name: str) -> None:
    """Write a runbook to start from to ./runbook.yml. Never overwrites.

    NAME is one of the shipped ones; without it, a short one with comments.
    """
    shipped = shipped_runbook(name)
    if shipped is None:
        raise NotFound(f"There is no shipped runbook “{name}”. Choose one of: {', '.join(shipped_runbooks())}.")
    try:
        with WRITTEN_TO.open("x", encoding="utf-8") as file:
            file.write(FOR_EDITORS + shipped.read_text("utf-8"))
    except FileExistsError as error:
        raise Refused(f"{WRITTEN_TO} already exists, and was not changed. Move it away to start over.") from error
    except OSError as error:
        raise Refused(f"{WRITTEN_TO} cannot be written here: {error.strerror}.") from error
    if name in SUCCESSORS:
        click.echo(f"{name} is part of {SUCCESSORS[name]} now.")
    click.echo(f"{WRITTEN_TO} is written. Put your people in, then: tocsin check")
