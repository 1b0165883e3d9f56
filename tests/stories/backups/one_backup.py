"""A separate process that starts one backup and lives until it is killed.

python -m tests.stories.backups.one_backup DATABASE_URL HOME RUNBOOK NAME
"""

import asyncio
import sys
from pathlib import Path

import aiohttp

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.metrics import Metrics
from bot.services import Services
from bot.settings import Settings
from bot.store.database import Database
from tests.world import BEGINNING, example_runbook


async def main(url: str, home: str, runbook: str, name: str) -> None:
    clock = Clock()
    clock.freeze(BEGINNING)
    environ = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "DATABASE_URL": url, "TOCSIN_HOME": home}
    settings = Settings.from_environment(environ)
    db = Database(url)
    await db.open()
    async with aiohttp.ClientSession() as session:
        text = await asyncio.to_thread(Path(runbook).read_text, "utf-8")
        house = Services(settings, example_runbook(text), clock, db, session, Metrics()).wired()
        await house.backups.run(Actor("ada"), name)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
