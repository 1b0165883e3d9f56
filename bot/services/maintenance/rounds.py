"""What of planned work becomes due by itself: its notice, its begin, and the question at its planned end."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.maintenance.window import Window
from bot.services.maintenance.transitions import Transitions
from bot.store.database import Database
from bot.store.maintenance import maintenance
from bot.store.pipelined import Connection

AT_ONCE = 20


class WindowRounds:
    """A timer is the row's due time. Each step is taken once, whichever process takes it."""

    def __init__(self, db: Database, clock: Clock, transitions: Transitions) -> None:
        self._db = db
        self._clock = clock
        self._transitions = transitions

    async def take_due(self) -> int:
        async with self._db.transaction() as conn:
            due = await maintenance.claim_due(conn, now=self._clock.now(), limit=AT_ONCE)
            for window in due:
                await self._take(conn, window)
        return len(due)

    async def next_due(self) -> datetime | None:
        async with self._db.statement() as conn:
            return await maintenance.next_due(conn)

    async def _take(self, conn: Connection, window: Window) -> None:
        match window.step(self._clock.now()):
            case "announce":
                await self._transitions.announce(conn, window)
            case "begin":
                await self._transitions.begin(conn, window, TOCSIN)
            case "ask":
                await self._transitions.ask(conn, window)
            case "overrun":
                await self._transitions.overrun(conn, window)
            case None:
                await maintenance.save(conn, window)
