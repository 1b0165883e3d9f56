"""Every command by name, with its module and its line of help. Each is imported on demand.

Importing all of them takes most of a CPU second, and `tocsin --help` needs none.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from bot.garbage import uncollected


@dataclass(frozen=True)
class ListedCommand:
    """`place` is `module:name` in this package; `help` is the first sentence of its own help."""

    place: str
    help: str

    def load_at_start(self) -> click.Command:
        module, _, name = self.place.partition(":")
        # Imported modules stay anyway: scanning them for garbage takes a fifth of the time.
        with uncollected():
            command: click.Command = getattr(importlib.import_module(f"bot.cli.{module}"), name)
        return command


# In the order in which newcomers need them.
COMMANDS: Mapping[str, ListedCommand] = {
    "sandbox": ListedCommand("sandboxing:sandbox", "Try all of it in your browser, without any account."),
    "init": ListedCommand("init:init", "Write a runbook to start from to ./runbook.yml."),
    "import": ListedCommand("importing:import_", "Draft a runbook from documents written in Markdown."),
    "check": ListedCommand("checking:check", "Say everything that is wrong in a runbook, with its line."),
    "schema": ListedCommand("schema_printing:schema", "Print the JSON Schema of the runbook, for your editor."),
    "doctor": ListedCommand("doctor:doctor", "Prove every outside connection."),
    "manifest": ListedCommand("manifesting:manifest", "Print the manifest to create the Slack app from."),
    "run": ListedCommand("running:run", "The bot itself."),
    "migrate": ListedCommand("running:migrate", "Bring the database's schema up to date."),
    "declare": ListedCommand("deeds:declare", "Declare an incident and page the first tier."),
    "ack": ListedCommand("deeds:ack", "Acknowledge an incident, such as INC-12: the paging stops."),
    "status": ListedCommand("deeds:status", "Show what is open, or one incident with its pages."),
    "export": ListedCommand("exporting:export", "Print an incident whole, as Markdown, JSON or CSV."),
    "silence": ListedCommand("silencing:silence", "Mute alerts for a while, for example from a deploy script."),
    "forget": ListedCommand("forgetting:forget", "Take one person's data out of everything that is kept."),
    "backups": ListedCommand("backups:backups", "List the dumps of a folder or bucket from their manifests."),
    "webhook-key": ListedCommand("webhook_key:webhook_key", "Print what webhooks are signed with."),
    "link-key": ListedCommand("webhook_key:link_key", "Rotate the key of the links that acknowledge."),
    "calendar-key": ListedCommand("calendar_key:calendar_key", "End every calendar link."),
    "report-link": ListedCommand("report_link:report_link", "Print the link to the form for people without Slack."),
    "rehearse": ListedCommand("rehearsing:rehearse", "Play scripted incidents in simulated time."),
}


class Shelf(click.Group):
    """A click group that imports a command when it is used."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return COMMANDS[name].load_at_start() if name in COMMANDS else None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.help) for name, listed in COMMANDS.items()])


def load_all() -> Mapping[str, Any]:
    """Import every command, for a process that needs all of them."""
    return {name: listed.load_at_start() for name, listed in COMMANDS.items()}
