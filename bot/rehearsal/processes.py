"""The bot's processes that share a database and a clock, as needed by whoever moves the clock."""

import asyncio
from collections.abc import Iterable

from bot.app import App
from bot.doors.overview import Overview
from bot.sandbox.travel import Due


class Processes:
    """The running processes. Any of them can say what is due, because that is in the database."""

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
        overview = Overview(self._apps[0].services.db, rounds)
        known, dues = await asyncio.gather(
            overview.dues(), asyncio.gather(*(rounds[name].next_due() for name in overview.others))
        )
        known |= dict(zip(overview.others, dues, strict=True))
        return [(due, name) for name, due in known.items() if due]

    def wake(self, names: Iterable[str]) -> None:
        for app in self._apps:
            for name in app.rounds.keys() & set(names):
                app.doors.scheduler.wake(name)

    @property
    def is_idle(self) -> bool:
        return all(app.is_idle for app in self._apps)
