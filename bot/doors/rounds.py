"""Rounds: what the alarm clock wakes for services with due rows."""

import asyncio
from datetime import datetime
from typing import Protocol

from bot.clock import Clock
from bot.services.outbox.look import Look
from bot.store.due_rows import DueRows


class Round(Protocol):
    """A service with due rows. `bell`: set by the round itself when it is worth looking again; None: never."""

    async def look(self) -> Look:
        """Claim what is due and work on it."""

    async def next_due(self) -> datetime | None:
        """When the next row is due; None = none is."""

    @property
    def due_rows(self) -> DueRows | None:
        """What `next_due` asks the database; None: it knows without."""

    @property
    def bell(self) -> asyncio.Event | None: ...


class Due(Protocol):
    """A service that only reports how many rows were due."""

    async def take_due(self) -> int: ...

    async def next_due(self) -> datetime | None: ...

    @property
    def due_rows(self) -> DueRows | None: ...


class Counted:
    """The round of such a service: looks until nothing was due, then asks when something will be.

    It doesn't ask while the clock is frozen: nothing becomes due until somebody moves it, which wakes every round.
    """

    bell = None

    def __init__(self, service: Due, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self.next_due = service.next_due

    @property
    def due_rows(self) -> DueRows | None:
        return self._service.due_rows

    async def look(self) -> Look:
        if done := await self._service.take_due():
            return Look(done, more_is_due=True, due_at=None)
        due_at = None if self._clock.is_frozen else await self.next_due()
        return Look(0, more_is_due=False, due_at=due_at)
