"""Updates for audiences about planned work: in advance, when it begins, overruns, is moved, and is over."""

from collections.abc import Iterable, Sequence

from bot.clock import Clock
from bot.domain.actor import TOCSIN
from bot.domain.maintenance.window import Window
from bot.domain.updates.update import CLOSES, Moment
from bot.rendering import Rendering
from bot.services.outbox.kinds import UPDATE
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.cards import Cards
from bot.store.pipelined import Connection
from bot.store.updates import updates
from bot.store.updates.updates import NewUpdate


class WindowTelling:
    """Queues deliveries of kind `update`, which compose the text later and ask for approval like any other update."""

    def __init__(self, clock: Clock, outbox: Outbox, cards: Cards, rendering: Rendering) -> None:
        self._clock = clock
        self._outbox = outbox
        self._cards = cards
        self._rendering = rendering

    async def everybody(self, conn: Connection, window: Window, moment: Moment) -> None:
        """Tell all of the window's audiences, whether or not they have heard of it."""
        await self._overtake(conn, window, moment)
        await self._compose(conn, window, moment, window.audiences)

    async def who_knows(self, conn: Connection, window: Window, moment: Moment) -> None:
        """Tell audiences told before: nobody hears of the end of what they never heard of. While it isn't over, also
        those whose pending update this replaces."""
        knowing, overtaken = await self.knowing(conn, window), await self._overtake(conn, window, moment)
        also = overtaken if moment not in CLOSES else []
        await self._compose(conn, window, moment, dict.fromkeys([*knowing, *also]))

    async def knowing(self, conn: Connection, window: Window) -> Sequence[str]:
        """Audiences that an update about it has reached, or may still reach."""
        return await updates.told_of_planned(conn, window.id)

    async def of_move(self, conn: Connection, window: Window, knowing: Sequence[str]) -> None:
        """Tell `knowing` of the move. If the notice went out already, audiences that missed it get it now."""
        await self._overtake(conn, window, "maintenance_moved")
        await self._compose(conn, window, "maintenance_moved", knowing)
        if window.announced_at:
            others = [key for key in window.audiences if key not in knowing]
            await self._compose(conn, window, "maintenance_announced", others)

    async def _overtake(self, conn: Connection, window: Window, moment: Moment) -> Sequence[str]:
        """Withdraw updates that aren't composed or approved yet, as their facts are out of date; returns their
        audiences."""
        why = self._rendering.say("documents/maintenance_overtaken", moment=moment)
        overtaken = await updates.overtake_planned(conn, window.id, why)
        for older in overtaken:
            await self._cards.touch(conn, f"update:{older.id}")
        return [older.audience for older in overtaken]

    async def _compose(self, conn: Connection, window: Window, moment: Moment, audiences: Iterable[str]) -> None:
        for key in audiences:
            new = NewUpdate(
                None, key, moment, None, None, TOCSIN.name, maintenance_id=window.id,
                planned_from=window.starts_at, planned_until=window.ends_at,
            )  # fmt: skip
            update = await updates.insert(conn, new, "composing", self._clock.now())
            lane = f"update {window.ref} {key}"
            await self._outbox.put(conn, "update", {"update": update.id}, priority=UPDATE, lane=lane, way="house")
