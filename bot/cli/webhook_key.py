"""`tocsin webhook-key` and `tocsin link-key`: show and rotate the keys that sign webhooks and links."""

from datetime import datetime

import click

from bot.app import App
from bot.cli.bootstrap import read_runbook, read_settings
from bot.cli.carrying import carry_out
from bot.clock import Clock
from bot.domain.errors import NotFound
from bot.runbook import Runbook
from bot.runbook.webhooks import webhooks_of
from bot.services.paging.keyring import LINKS, WEBHOOK, Keyring
from bot.wire.webhooks import written

rotate_option = click.option("--rotate", is_flag=True, help="Make a new one; the former counts too for a while.")
at_once_option = click.option("--at-once", is_flag=True, help="With --rotate: the former one ends now.")


@click.command("webhook-key")
@click.argument("name", required=False, metavar="[NAME]")
@rotate_option
@at_once_option
def webhook_key(name: str | None, rotate: bool, at_once: bool) -> None:
    """Print what webhooks are signed with: that of a person, of an audience, of `alerts`, or all of them.

    --rotate makes new keys for all webhooks; for 24 hours everything is signed with the former ones too.
    """
    _must_fit(rotate, at_once)
    if rotate and name:
        raise click.UsageError("--rotate makes new keys for all webhooks: give no name with it.")
    if name:
        click.echo(carry_out(key_of(name)))
        return
    for line in carry_out(_keys(rotate=rotate, at_once=at_once)):
        click.echo(line)


@click.command("link-key")
@rotate_option
@at_once_option
def link_key(rotate: bool, at_once: bool) -> None:
    """Rotate the key of the links that acknowledge.

    Links that were sent stay good for their week, or end now with --at-once. Without --rotate: say how old the key is.
    """
    _must_fit(rotate, at_once)
    click.echo(carry_out(_link_key(rotate=rotate, at_once=at_once)))


async def key_of(name: str) -> str:
    """The key for the webhook of a person, an audience, or of `alerts`. Raises NotFound if they have none."""
    settings = read_settings(log_level="WARNING")
    runbook = read_runbook(settings)
    address = _address(runbook, name)
    async with App(settings, runbook, Clock()).at_hand() as services:
        return written((await Keyring(services.db, services.clock).of_webhook(address))[0])


async def _keys(*, rotate: bool, at_once: bool) -> list[str]:
    """One line per webhook of the runbook, after a line about the former keys if they were rotated."""
    settings = read_settings(log_level="WARNING")
    runbook = read_runbook(settings)
    lines: list[str] = []
    async with App(settings, runbook, Clock()).at_hand() as services:
        keyring = Keyring(services.db, services.clock)
        if rotate:
            until = await keyring.rotate(WEBHOOK, at_once=at_once)
            lines.append(
                f"New keys. Everything is signed with the former ones too until {_when(until)}."
                if until
                else "New keys. The former ones have ended: give each receiver its new one now."
            )
        for name, webhook in webhooks_of(runbook).items():
            lines.append(f"{name}: {written((await keyring.of_webhook(webhook.reveal()))[0])}")
    return lines or ["The runbook holds no webhook."]


async def _link_key(*, rotate: bool, at_once: bool) -> str:
    settings = read_settings(log_level="WARNING")
    async with App(settings, read_runbook(settings), Clock()).at_hand() as services:
        keyring = Keyring(services.db, services.clock)
        if not rotate:
            return f"The key of the links was made {_when((await keyring.get(LINKS)).made_at)}."
        if await keyring.rotate(LINKS, at_once=at_once):
            return "A new key signs the links. Those that were sent stay good until their week is over."
        return "A new key signs the links. Those that were sent have ended: acknowledge in Slack, or with `tocsin ack`."


def _must_fit(rotate: bool, at_once: bool) -> None:
    if at_once and not rotate:
        raise click.UsageError("--at-once goes with --rotate.")


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _address(runbook: Runbook, name: str) -> str:
    known = webhooks_of(runbook)
    webhook = known.get(name) or known.get(f"audience/{name}")
    if webhook is None:
        there_are = f"There is one of: {', '.join(known)}." if known else "The runbook holds none at all."
        raise NotFound(f"The runbook has no webhook of “{name}”. {there_are}")
    return webhook.reveal()
