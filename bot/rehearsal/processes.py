"""The bot's processes at one database and one clock, as whoever moves that clock has to know them."""

import asyncio
from collections.abc import Iterable

from bot.app import App
from bot.sandbox.travel import Due


class Processes:
    """Those that are added, until they are removed. What is due is in the database, so any of them can tell."""

    def __init__(self, *apps: App) -> None:
        self._apps = list(apps)

    def add(self, app: App) -> None:
        self._apps.append(app)

    def remove(self, app: App) -> None:
        self._apps.remove(app)

    async def due(self) -> list[Due]:
        rounds = self._apps[0].rounds if self._apps else {}
        dues = await asyncio.gather(*(one.next_due() for one in rounds.values()))
        return [(due, name) for due, name in zip(dues, rounds, strict=True) if due]

    def wake(self, names: Iterable[str]) -> None:
        for app in self._apps:
            for name in app.rounds.keys() & set(names):
                app.doors.scheduler.wake(name)

    @property
    def is_idle(self) -> bool:
        return all(app.is_idle for app in self._apps)
