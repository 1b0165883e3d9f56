"""`tocsin report-link`: shows or replaces the address of the report form for people without Slack."""

import click

from bot.app import App
from bot.cli.bootstrap import read_runbook, read_settings
from bot.cli.carrying import carry_out
from bot.cli.webhook_key import at_once_option, rotate_option
from bot.clock import Clock
from bot.services.paging.keyring import FORMER_COUNTS, REPORTS


@click.command("report-link")
@rotate_option
@at_once_option
def report_link(rotate: bool, at_once: bool) -> None:
    """Print the link to the form for people without Slack.

    Give it to customers and colleagues.

    --rotate makes a new address; the former one works for 30 more days, or ends now with --at-once.
    """
    if at_once and not rotate:
        raise click.UsageError("--at-once goes with --rotate.")
    click.echo(carry_out(_report_link(rotate=rotate, at_once=at_once)))


async def _report_link(*, rotate: bool, at_once: bool) -> str:
    settings = read_settings(log_level="WARNING")
    async with App(settings, read_runbook(settings), Clock()).at_hand() as services:
        address = await services.report_link.address()
        if not rotate:
            return address
        until = await services.keyring.rotate(REPORTS, at_once=at_once)
        days = FORMER_COUNTS[REPORTS].days
        said = f"The former link works for {days} more days." if until else "The former link has ended."
        return f"{await services.report_link.address()}\n{said}"
