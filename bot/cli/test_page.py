"""`tocsin doctor --page`: sends one person real pages, marked TEST, and waits for their acknowledgement."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import click

from bot.app import App
from bot.cli.bootstrap import read_runbook, read_settings
from bot.cli.findings import Finding
from bot.clock import Clock
from bot.domain.paging.page import Page
from bot.pagers import ways
from bot.runbook import duration_read
from bot.services import Services
from bot.services.paging.gaps import ready_ways
from bot.services.paging.standings import IncidentStanding
from bot.store.upkeep import backlog

# A running bot sends a page within milliseconds. If none was tried after this time, no bot is running.
LEFT_TO_THE_BOT_S = 1.5
# How long to wait for a provider's answer before the page is reported as it stands.
PROVIDERS_WITHIN_S = 30.0
LOOK_EVERY_S = 0.1
SAID = {
    "accepted": "accepted by the provider",
    "delivered": "delivered, says the provider",
    "refused": "refused",
    "gave_up": "given up",
    "cancelled": "not sent any more: it was acknowledged before",
    "waiting": "not accepted yet",
}

UNKNOWN = "not known whether it was sent"


async def try_paging(who: str, within: timedelta) -> bool:
    """Print each finding as it is made. True if every way worked and the person acknowledged."""
    settings = read_settings(log_level="CRITICAL")
    async with App(settings, read_runbook(settings, log_level="CRITICAL"), Clock()).at_hand() as services:
        key = services.people.meant(who)
        incident = await services.test_pages.begin(key)
        try:
            return await _see_through(services, key, incident.id, within)
        finally:
            await services.test_pages.end(incident.id)
            await _send_from_here(services)


async def _see_through(services: Services, key: str, incident_id: int, within: timedelta) -> bool:
    findings = [*_gaps(services, key)]
    for finding in findings:
        click.echo(str(finding))
    async for finding in _answers(services, incident_id):
        click.echo(str(finding))
        findings.append(finding)
    reached = any(not finding.fix for finding in findings)
    if reached:
        findings.append(await _acknowledgement(services, key, incident_id, within))
        click.echo(str(findings[-1]))
    return reached and not any(finding.fix for finding in findings)


def _gaps(services: Services, key: str) -> list[Finding]:
    """The requested ways by which this person can't be paged at all."""
    person, ready = services.people.person(key), ready_ways(services.settings)
    found = []
    for via in services.test_pages.ways_of(key):
        way = ways()[via]
        if via not in ready:
            found.append(Finding(f"{via}: not set up", f"It needs {way.credentials}."))
        elif not way.reaches(person):
            found.append(
                Finding(f"{via}: nothing to reach them by", f"Add {' or '.join(way.contacts)} to people.{key}.")
            )
    return found


async def _answers(services: Services, incident_id: int) -> AsyncIterator[Finding]:
    """Each provider's answer, as it arrives."""
    told: set[int] = set()
    began = time.monotonic()
    while True:
        standing = await services.standings.now(incident_id)
        waited_s = time.monotonic() - began
        open_ones = [page for page in standing.pages if page.id not in told]
        for page in open_ones:
            if page.state != "waiting" or waited_s > PROVIDERS_WITHIN_S:
                told.add(page.id)
                yield _said(page)
        if len(told) == len(standing.pages):
            return
        if waited_s > LEFT_TO_THE_BOT_S and not any(page.attempts for page in standing.pages):
            await _send_from_here(services)
        await asyncio.sleep(LOOK_EVERY_S)


def _said(page: Page) -> Finding:
    why = f" ({page.error})" if page.error and not page.is_accepted else ""
    what = f"{page.via} to {page.contact or page.person}: {UNKNOWN if page.is_unknown else SAID[page.state]}{why}"
    if page.is_accepted:
        return Finding(f"{what}, as {page.reference}" if page.reference else what)
    return Finding(what, "`tocsin doctor` without --page says what to fix.")


async def _acknowledgement(services: Services, key: str, incident_id: int, within: timedelta) -> Finding:
    """Wait for the acknowledgement, by button, link or reply."""
    name = services.people.display_name(key)
    if not await _is_a_bot_running(services):
        return Finding("acknowledgement: no bot runs on this database, so nobody would take it", "Start `tocsin run`.")
    click.echo(f"… waiting for {name} to acknowledge, for {duration_read(within)} at most; Ctrl-C ends it")
    began = time.monotonic()
    while not (standing := await services.standings.now(incident_id)).incident.is_acknowledged:
        if time.monotonic() - began > within.total_seconds():
            return Finding(
                f"acknowledgement: none within {duration_read(within)}",
                f"Ask {name} which of the messages arrived, and whether its button or link was pressed.",
            )
        await asyncio.sleep(LOOK_EVERY_S)
    return Finding(f"acknowledgement: {_by(services, standing)}")


def _by(services: Services, standing: IncidentStanding) -> str:
    incident = standing.incident
    assert incident.acknowledged_at is not None
    took = duration_read(timedelta(seconds=round((incident.acknowledged_at - incident.declared_at).total_seconds())))
    return f"by {services.people.known_name(incident.acknowledged_by or '')} after {took}"


async def _is_a_bot_running(services: Services) -> bool:
    async with services.db.statement() as conn:
        return bool(await backlog.listening(conn))


async def _send_from_here(services: Services) -> None:
    """Send what no running bot has claimed."""
    await services.carrier.take_due()
    await services.carrier.finish(PROVIDERS_WITHIN_S)
