"""`tocsin doctor`: tests every outside connection, and says how to fix what is broken."""

import shutil
from collections.abc import AsyncIterator, Mapping

import aiohttp
import click

from bot import manifest
from bot.cli.audience_checks import audience_findings
from bot.cli.backup_checks import backups_tried
from bot.cli.bootstrap import read_runbook, read_settings
from bot.cli.carrying import carry_out
from bot.cli.channel_checks import channel_findings
from bot.cli.environment_checks import environment_findings, inspected
from bot.cli.findings import Finding
from bot.cli.simulating import said, unconfirmed_said, ways_where_it_runs
from bot.cli.test_page import try_paging
from bot.cli.webhook_key import key_of
from bot.clock import Clock
from bot.domain.errors import Failed, Rejected, TocsinError
from bot.runbook import Person, Runbook, parse_duration
from bot.runbook.cautions import cautions
from bot.services.paging.gaps import gaps, ready_ways
from bot.services.paging.unconfirmed_contacts import unconfirmed
from bot.settings import Settings
from bot.slack.gateway import Gateway
from bot.store.embedded.place import binaries
from bot.store.upkeep.inspection import Inspection
from bot.wire.http_client import http_client
from bot.wire.mail import Mail
from bot.wire.telephone import Telephone

QUIET = "CRITICAL"
BACKUP_TOOLS: Mapping[str, tuple[str, ...]] = {
    "postgresql": ("pg_dump", "pg_restore"),
    "mongodb": ("mongodump", "mongorestore"),
}


@click.command()
@click.option(
    "--page", "person", metavar="PERSON", help="Page PERSON by all their ways, marked TEST, and wait for them."
)
@click.option("--wait", metavar="DURATION", default="5m", show_default=True, help="How long --page waits for them.")
@click.option("--webhook-key", "webhook", metavar="NAME", help="Print what the webhook of NAME is signed with.")
def doctor(person: str | None, wait: str, webhook: str | None) -> None:
    """Prove every outside connection.

    Slack, channels, people, mail, database and tools, each in a line, with how to fix what is broken.
    """
    if webhook:
        click.echo(carry_out(key_of(webhook)))
        return
    if person:
        worked = carry_out(try_paging(person, parse_duration(wait)))
        raise click.exceptions.Exit(0 if worked else 1)
    settings = read_settings(log_level=QUIET)
    broken = carry_out(_examine(settings))
    raise click.exceptions.Exit(1 if broken else 0)


async def _examine(settings: Settings) -> int:
    """Print each finding as soon as it is made; return how many are broken."""
    broken = 0
    async for finding in _findings(settings):
        click.echo(str(finding))
        broken += bool(finding.fix)
    return broken


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    runbook: Runbook | None = None
    try:
        runbook = read_runbook(settings, log_level=QUIET)
        yield Finding(f"runbook: {settings.runbook} is in order")
    except TocsinError as error:
        first = str(error).partition("\n")[0]
        yield Finding(f"runbook: {first}", "`tocsin check` lists every mistake; `tocsin init` writes a starter.")
    found = await inspected(settings)
    async for finding in environment_findings(settings, runbook, found):
        yield finding
    async for finding in _slack(settings, runbook, found if isinstance(found, Inspection) else None):
        yield finding
    yield await _mail(settings)
    yield await _twilio(settings)
    if runbook:
        own = settings.database_url
        today = Clock().now().astimezone(runbook.timezone).date()
        for caution in cautions(runbook, own.get_secret_value() if own else None, today=today):
            yield Finding(f"caution: {caution}")
        for gap in gaps(runbook, ready_ways(settings), own_number=settings.twilio_from):
            yield Finding(said(gap), "Until then nothing is sent that way.")
        asked = found.asked if isinstance(found, Inspection) else ()
        for contact in unconfirmed(runbook, ways_where_it_runs(settings), asked):
            yield Finding(unconfirmed_said(contact, runbook.timezone), "Have them type /escalate test.")
        async for finding in audience_findings(settings, runbook):
            yield finding
        for finding in [*_backup_tools(runbook), *await backups_tried(settings, runbook)]:
            yield finding


async def _slack(settings: Settings, runbook: Runbook | None, found: Inspection | None) -> AsyncIterator[Finding]:
    if settings.missing_for_slack:
        missing = "; ".join(settings.missing_for_slack)
        yield Finding(f"slack: not set: {missing}", "Create the app from `tocsin manifest` and set what it gives you.")
    if settings.slack_bot_token is None:
        return
    async with aiohttp.ClientSession() as session:
        bot = Gateway(
            session, Clock(), token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url
        )
        try:
            async for finding in _workspace(bot, runbook, found):
                yield finding
            if settings.slack_app_token:
                token = settings.slack_app_token.get_secret_value()
                app = Gateway(session, Clock(), token=token, base_url=settings.slack_api_url)
                await app.call("apps.connections.open", params={})
                yield Finding("slack: Socket Mode can be opened")
        except Failed as error:
            yield Finding(f"slack: {error}", "Fix the tokens, reinstall the app, or check Slack's status page.")


async def _workspace(bot: Gateway, runbook: Runbook | None, found: Inspection | None) -> AsyncIterator[Finding]:
    user, granted = await bot.whoami()
    yield Finding(f"slack: the token belongs to the bot {user}")
    if lacking := sorted(manifest.scopes() - granted):
        yield Finding(f"slack: scopes are missing: {', '.join(lacking)}", "Add them to the app and install it again.")
    else:
        yield Finding("slack: every scope of the manifest is granted")
    if runbook is None:
        return
    async for finding in channel_findings(bot, runbook, found):
        yield finding
    for person in runbook.people.values():
        if person.slack or person.email:
            yield await _account(bot, runbook, person)


async def _account(bot: Gateway, runbook: Runbook, person: Person) -> Finding:
    """Would a direct message reach this person?"""
    if person.slack is None:
        if await bot.account_of(person.email or ""):
            return Finding(f"person {person.key}: found in Slack by email")
        return Finding(
            f"person {person.key}: nobody in Slack has {person.email}",
            f"Invite them, or write their member id as people.{person.key}.slack.",
        )
    try:
        name = await bot.name_of(person.slack)
    except Rejected as error:
        return Finding(
            f"person {person.key}: Slack knows no {person.slack} ({error})",
            f"Copy the member id from their profile into people.{person.key}.slack.",
        )
    if await bot.is_deactivated(person.slack):
        turns = [key for key, schedule in runbook.schedules.items() if person.key in schedule.people]
        on_call = f", and takes turns in {', '.join(turns)}" if turns else ""
        return Finding(
            f"person {person.key}: {person.slack} ({name}) is deactivated in Slack{on_call}",
            f"Take {person.key} out of the runbook, or write the account they use now as people.{person.key}.slack.",
        )
    return Finding(f"person {person.key}: {person.slack} is {name} in Slack")


async def _mail(settings: Settings) -> Finding:
    if settings.smtp is None:
        return Finding("mail: SMTP_URL is not set, so no mail is sent")
    mail = Mail(settings.smtp, settings.sender, Clock())
    try:
        await mail.check()
    except Failed as error:
        return Finding(f"mail: {error}", "Fix SMTP_URL or MAIL_FROM, or that server.")
    if settings.sender.endswith("@localhost"):
        why = f"MAIL_FROM is not set, so letters come from {settings.sender}"
        return Finding(f"mail: {mail.place} answers; {why}", "Set it to an address of yours: many servers refuse this.")
    if settings.smtp.tls == "off" and settings.smtp.username is not None:
        return Finding(f"mail: {mail.place} answers and lets us in; ?tls=off sends the password in the clear")
    return Finding(f"mail: {mail.place} answers and lets us in")


async def _twilio(settings: Settings) -> Finding:
    if settings.twilio is None:
        return Finding("twilio: not set up, so nobody is texted or called")
    async with http_client() as session:
        try:
            name = await Telephone(settings.twilio, session, Clock()).check()
        except Failed as error:
            return Finding(f"twilio: {error}", "Fix the TWILIO_ variables, or check the account at Twilio.")
    if settings.public_url is None:
        return Finding(f"twilio: the account “{name}” answers; without PUBLIC_URL no reply or report reaches us")
    return Finding(f"twilio: the account “{name}” answers; its replies come to {settings.public_url}/twilio/sms")


def _backup_tools(runbook: Runbook) -> list[Finding]:
    kinds = dict.fromkeys(backup.kind for backup in runbook.backups.values())
    return [_tool(name) for kind in kinds for name in BACKUP_TOOLS[kind]]


def _tool(name: str) -> Finding:
    if path := shutil.which(name):
        return Finding(f"tool {name}: {path}")
    bundled = binaries()
    if bundled and (bundled / name).exists():
        return Finding(f"tool {name}: the one that comes with the embedded PostgreSQL")
    return Finding(f"tool {name}: not found on the PATH", "Install it; backups of the runbook need it.")
