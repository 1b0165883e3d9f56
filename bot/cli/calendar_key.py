"""Replaces the key that signs calendar feeds, for when a link has leaked."""

import click

from bot.app import App
from bot.cli.bootstrap import read_runbook, read_settings
from bot.cli.carrying import carry_out
from bot.clock import Clock
from bot.services.paging.keyring import CALENDARS


@click.command("calendar-key")
@click.option("--rotate", is_flag=True, required=True, help="Make a new key.")
def calendar_key(rotate: bool) -> None:
    """End every calendar link.

    Each person types /escalate calendar for a new one.
    """
    click.echo(carry_out(_rotate()))


async def _rotate() -> str:
    settings = read_settings(log_level="WARNING")
    async with App(settings, read_runbook(settings), Clock()).at_hand() as services:
        await services.keyring.rotate(CALENDARS, at_once=True)
    return "Every calendar link has ended. For a new one: /escalate calendar."
