"""The doctor's checks of the database, the clock, and whether the bot can be reached from outside."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import aiohttp

from bot.app import database_url
from bot.cli.findings import Finding
from bot.clock import Clock
from bot.domain.errors import Failed
from bot.runbook import Runbook
from bot.settings import Settings
from bot.store.connections import WAY_ROUND
from bot.store.errors import NO_SESSION, POOLED
from bot.store.updates.status_pages import PageRow
from bot.store.upkeep.inspection import Inspection, inspect

# Pages aren't affected, because the bot uses the database's clock; but Slack's signatures expire after five minutes.
CLOCKS_MAY_DIFFER = timedelta(seconds=30)
MORE_SESSIONS = "Have it keep 21 for each process of the bot, and 12 for a shell (pgbouncer: default_pool_size)."
TIMEOUT = aiohttp.ClientTimeout(total=5.0)


async def inspected(settings: Settings) -> Inspection | Finding:
    """What the database reports about itself, or why it doesn't answer."""
    try:
        async with database_url(settings) as url:
            return await inspect(url)
    except Failed as error:
        return Finding(str(error), _way_in(settings, str(error)))


async def environment_findings(
    settings: Settings, runbook: Runbook | None, found: Inspection | Finding
) -> AsyncIterator[Finding]:
    kind = "embedded PostgreSQL" if settings.database_url is None else "PostgreSQL"
    if isinstance(found, Finding):
        yield found
    else:
        yield _database(kind, found)
        yield _time(found)
        for finding in [*_stopped(settings, runbook, found), *_set_aside(found), *_closed(found), *_pages(found)]:
            yield finding
    if settings.public_url is None and runbook and runbook.reports:
        yield Finding("reports: without PUBLIC_URL the form for people without Slack has no link")
    yield await _public_url(settings, is_running=isinstance(found, Inspection) and bool(found.running))


def _way_in(settings: Settings, trouble: str) -> str:
    if settings.database_url is None:
        return f"Look at {settings.home}."
    return MORE_SESSIONS if trouble == NO_SESSION else "Fix DATABASE_URL, or that server."


def _database(kind: str, found: Inspection) -> Finding:
    if found.unknown:
        return Finding(
            f"database: {kind} {found.version} was migrated by a newer Tocsin ({found.unknown[-1]})",
            "Install that version here too.",
        )
    if found.read_only:
        fix = "Make it writable, or point DATABASE_URL at the server that is."
        return Finding(f"database: {kind} {found.version} is read-only: nothing is recorded and nobody is paged", fix)
    if found.pooled:
        return Finding(f"database: {kind} {found.version}: {POOLED}, and commands would be lost", WAY_ROUND)
    schema = f"; {len(found.missing)} migrations wait, `tocsin run` applies them" if found.missing else ""
    running = f"; running on it: {', '.join(found.running)}" if found.running else "; no bot runs on it now"
    return Finding(f"database: {kind} {found.version} answers{schema}{running}")


def _time(found: Inspection) -> Finding:
    apart = abs(Clock().machine_now() - found.now)
    if apart > CLOCKS_MAY_DIFFER:
        return Finding(
            f"clock: this machine and the database differ by {apart.total_seconds():.0f} s",
            "Have both keep their time by NTP: Slack and others refuse what is signed at a wrong time.",
        )
    return Finding("clock: this machine and the database agree")


def _stopped(settings: Settings, runbook: Runbook | None, found: Inspection) -> list[Finding]:
    start = f"Have them text START to {settings.twilio_from or 'the number of TWILIO_FROM'}."
    people = [person for person in runbook.people.values() if person.phone in found.stopped] if runbook else []
    return [Finding(f"person {person.key}: has answered STOP, and is sent no texts", start) for person in people]


def _set_aside(found: Inspection) -> list[Finding]:
    fix = "It was not finished; the person who asked has been notified. Report it with the log. Shown for a week."
    return [Finding(f"request {one.key}: {one}: two processes ended at work on it", fix) for one in found.set_aside]


def _closed(found: Inspection) -> list[Finding]:
    mends = {
        "archived": ("is archived", "Unarchive it and invite the bot: its cards then catch up."),
        "left": ("does not have the bot in it", "Invite the bot there: its cards then catch up."),
        "deleted": ("was deleted", "Open one of that name and invite the bot there; a room of an incident stays gone."),
        "lost": (
            "was deleted, or is private and the bot is not in it",
            "Invite the bot there, or open one of that name and invite it.",
        ),
    }
    return [Finding(f"channel {name}: {mends[why][0]}", mends[why][1]) for name, why in found.closed.items()]


def _pages(found: Inspection) -> list[Finding]:
    """Status pages that can't be written, so that readers see outdated ones."""
    fix = "Fix that place, or `to` of the page in the runbook; the bot tries again every five minutes."
    return [
        Finding(
            f"audience {one.audience}: the files of its status page, last written {_ago(one, found)}: {one.error}", fix
        )
        for one in found.failing_pages
    ]


def _ago(page: PageRow, found: Inspection) -> str:
    return f"{(found.now - page.written_at).total_seconds() / 60:.0f} minutes ago" if page.written_at else "never"


async def _public_url(settings: Settings, *, is_running: bool) -> Finding:
    """Does PUBLIC_URL lead to a running bot? If not, links that we send are dead."""
    url = settings.public_url
    if url is None:
        return Finding("PUBLIC_URL is not set, so mails and texts have no link to acknowledge by")
    if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"):
        return Finding(f"PUBLIC_URL {url} is not encrypted", "Put TLS before the bot, and say https://.")
    if not is_running:
        return Finding(f"PUBLIC_URL {url} can be tried once `tocsin run` is up")
    if why := await _does_not_lead_here(f"{url}/healthz"):
        return Finding(f"PUBLIC_URL {url} does not lead to the bot: {why}", "Fix it, or the proxy in front of PORT.")
    return Finding(f"PUBLIC_URL {url} leads to the bot")


async def _does_not_lead_here(url: str) -> str | None:
    """Why not; None if it does."""
    try:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session, session.get(url) as answer:
            if answer.headers.get("Server") == "tocsin" or '"alive"' in await answer.text():
                return None
            return f"somebody else answers, with {answer.status}"
    except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError) as error:
        return f"{type(error).__name__}"
