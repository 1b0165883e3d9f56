"""The bot's processes at one database and one clock, as whoever moves that clock has to know them."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.app import App
from bot.sandbox.travel import Due
from bot.store.due_rows import DueRows, soonest_of_each


class Processes:
    """Those that are added, until they are removed. What is due is in the database, so any of them can tell."""

    def __init__(self, *apps: App) -> None:
        self._apps = list(apps)

    def add(self, app: App) -> None:
        self._apps.append(app)

    def remove(self, app: App) -> None:
        self._apps.remove(app)

    async def due(self) -> list[Due]:
        if not self._apps:
            return []
        rounds = self._apps[0].rounds
        asked = {name: rows for name, one in rounds.items() if (rows := one.due_rows)}
        others = [name for name in rounds if name not in asked]
        known, dues = await asyncio.gather(
            self._by_rows(asked), asyncio.gather(*(rounds[name].next_due() for name in others))
        )
        known |= dict(zip(others, dues, strict=True))
        return [(due, name) for name, due in known.items() if due]

    async def _by_rows(self, asked: Mapping[str, DueRows]) -> dict[str, datetime | None]:
        async with self._apps[0].services.db.statement() as conn:
            return await soonest_of_each(conn, asked)

    def wake(self, names: Iterable[str]) -> None:
        for app in self._apps:
            for name in app.rounds.keys() & set(names):
                app.doors.scheduler.wake(name)

    @property
    def is_idle(self) -> bool:
        return all(app.is_idle for app in self._apps)
