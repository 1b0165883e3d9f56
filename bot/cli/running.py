"""`tocsin run` and `tocsin migrate`."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import click

from bot.app import App, database_url
from bot.cli.bootstrap import read_runbook, read_settings
from bot.cli.carrying import carry_out, serve
from bot.cli.refusals import CannotBegin
from bot.clock import Clock
from bot.compiling import compiled_elsewhere
from bot.doors.doorkeeper import raise_file_limit
from bot.garbage import keep_what_is_there
from bot.rendering import Rendering
from bot.settings import Settings
from bot.store import migrations

# DNS look-ups run in threads, and each may block for half a minute if the name server is down. With the default
# handful, look-ups for failing checks or the mail server would soon starve those for pages. Hence more threads than one
# provider could occupy.
THREADS = 256


@click.command()
def run() -> None:
    """The bot itself. Needs a Slack token and a runbook."""
    settings = read_settings()
    _must_be_complete(settings)
    serve(_run(App(settings, read_runbook(settings), Clock())))


@click.command()
def migrate() -> None:
    """Bring the database's schema up to date. `tocsin run` does so itself."""
    applied = carry_out(_migrate(read_settings(log_level="WARNING")))
    click.echo("\n".join(f"applied {name}" for name in applied) or "The schema is up to date.")


async def _run(app: App) -> None:
    raise_file_limit()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "waiting"))
    async with app.running() as services:
        preparing = asyncio.create_task(_prepare(services.rendering), name="templates")
        try:
            await app.until_stopped()
        finally:
            preparing.cancel()


async def _prepare(rendering: Rendering) -> None:
    """Compile the templates, and exempt what is loaded from garbage collection, so that nobody waits for either."""
    keep_what_is_there()
    rendering.keep(await compiled_elsewhere(rendering.filters))


async def _migrate(settings: Settings) -> list[str]:
    async with database_url(settings) as url:
        return await migrations.migrate(url)


def _must_be_complete(settings: Settings) -> None:
    """Refuse to start without its configuration: a lost secret must not yield a healthy-looking but silent pager."""
    missing = list(settings.missing_for_slack)
    if not settings.runbook.exists():
        missing.append(f"a runbook at {settings.runbook} (`tocsin init` writes one)")
    if missing:
        raise CannotBegin(
            f"tocsin run cannot begin without: {'; '.join(missing)}. "
            "To see everything without an account and a runbook: tocsin sandbox."
        )
