"""The incident commands for a shell, for the hour when Slack itself is down."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import click

from bot.app import App
from bot.cli.bootstrap import read_runbook, read_settings
from bot.cli.carrying import carry_out
from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import NotFound
from bot.domain.incidents.incident import Incident, by_urgency
from bot.services import Services
from bot.services.paging.standings import IncidentStanding
from bot.store.deadlocks import again_after_deadlock

# A running bot sends a page within milliseconds. If none was tried after this time, no bot is running.
LEFT_TO_THE_BOT_S = 1.5
WATCHED_FOR_S = 15.0
LOOK_EVERY_S = 0.1

as_option = click.option("--as", "who", metavar="PERSON", help="Who does it: a key of the runbook. Without it, Tocsin.")


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[SEV] TITLE...")
@click.option("--drill", is_flag=True, help="A rehearsal: pages through Slack only, no updates to audiences.")
@as_option
def declare(words: tuple[str, ...], drill: bool, who: str | None) -> None:
    """Declare an incident and page the first tier. Says how each page fared.

    The bot that runs on this database sends the pages; when none does, this command sends them itself.
    """
    carry_out(_declare(readable(" ".join(words)), drill, who))


@click.command()
@click.argument("ref")
@as_option
def ack(ref: str, who: str | None) -> None:
    """Acknowledge an incident, such as INC-12: the paging stops."""
    carry_out(_ack(readable(ref), who))


@click.command()
@click.argument("ref", required=False)
def status(ref: str | None) -> None:
    """Show what is open, or one incident with its pages."""
    carry_out(_status(readable(ref) if ref else None))


def readable(typed: str) -> str:
    """The text with a replacement character for each byte that isn't UTF-8, as from a terminal with another
    encoding."""
    return typed.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def _declare(words: str, drill: bool, who: str | None) -> None:
    async with services_at_hand() as services:
        meant = services.runbook.declared(words)
        actor, declare = actor_of(services, who), services.declarations.declare
        incident = await again_after_deadlock(
            partial(declare, actor, meant.title, severity=meant.severity, drill=drill)
        )
        try:
            facts = {"incident": incident, "perhaps": meant.perhaps, "mistyped": meant.mistyped}
            click.echo(services.rendering.say("documents/shell_declared", **facts))
        finally:
            # Even if the output can't be written: a closed pipe or a full disk must not prevent the pages.
            standing = await _see_through(services, incident.id)
        _show(services, standing)


async def _ack(ref: str, who: str | None) -> None:
    async with services_at_hand() as services:
        incident = await incident_called(services, ref)
        acknowledge = services.acknowledgements.acknowledge
        await again_after_deadlock(partial(acknowledge, actor_of(services, who), incident.id, by=None))
        click.echo(f"{incident.ref} is acknowledged: the paging stops.")


async def _status(ref: str | None) -> None:
    async with services_at_hand() as services:
        if ref is None:
            found = await services.incidents.newest(open_only=True)
            incidents = by_urgency(found, services.runbook.severity_ids)
            click.echo(services.rendering.say("documents/shell_list", incidents=incidents))
            return
        incident = await incident_called(services, ref)
        _show(services, await services.standings.now(incident.id))


def _show(services: Services, standing: IncidentStanding) -> None:
    click.echo(services.rendering.say("documents/shell_incident", **services.standings.facts(standing)))


@asynccontextmanager
async def services_at_hand() -> AsyncIterator[Services]:
    settings = read_settings(log_level="ERROR")
    async with App(settings, read_runbook(settings, log_level="ERROR"), Clock()).at_hand() as services:
        yield services


async def incident_called(services: Services, ref: str) -> Incident:
    """Raises NotFound, naming a command of the shell: Slack may be down."""
    try:
        return await services.incidents.find(ref)
    except NotFound as error:
        raise NotFound(f"There is no incident “{ref}”. Type one such as INC-12: tocsin status shows them.") from error


def actor_of(services: Services, who: str | None) -> Actor:
    return Actor(services.people.meant(who)) if who else TOCSIN


async def _see_through(services: Services, incident_id: int) -> IncidentStanding:
    """Wait until every page is answered, or for `WATCHED_FOR_S`. Sends the pages itself if no bot does."""
    began = time.monotonic()
    while True:
        standing = await services.standings.now(incident_id)
        waiting = [page for page in standing.pages if page.state == "waiting"]
        waited_s = time.monotonic() - began
        if not waiting or waited_s > WATCHED_FOR_S:
            return standing
        if waited_s > LEFT_TO_THE_BOT_S and not any(page.attempts for page in waiting):
            await services.carrier.take_due()
            await services.carrier.finish(WATCHED_FOR_S)
        await asyncio.sleep(LOOK_EVERY_S)
