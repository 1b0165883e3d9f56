"""Carries out each transition of planned work (plan, begin, extend, move, end) in the caller's transaction."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.maintenance.window import Window
from bot.rendering import Rendering
from bot.services.maintenance.cards import WindowCards
from bot.services.maintenance.silencing import WindowSilences
from bot.services.maintenance.telling import WindowTelling
from bot.store import audit
from bot.store.maintenance import maintenance
from bot.store.maintenance.maintenance import NewWindow
from bot.store.pipelined import Connection
from bot.store.updates import status_pages


class Transitions:
    """Takes the current window, locked by the caller; returns it as changed and saved."""

    def __init__(
        self, clock: Clock, silencing: WindowSilences, telling: WindowTelling, cards: WindowCards, rendering: Rendering
    ) -> None:
        self._clock = clock
        self._silencing = silencing
        self._telling = telling
        self._cards = cards
        self._rendering = rendering

    async def plan(self, conn: Connection, actor: Actor, new: NewWindow) -> Window:
        window = await maintenance.insert(conn, new, self._clock.now())
        return await self._keep(conn, window, actor, "planned")

    async def announce(self, conn: Connection, window: Window) -> Window:
        announced = replace(window, announced_at=self._clock.now())
        await self._telling.everybody(conn, announced, "maintenance_announced")
        return await self._keep(conn, announced, TOCSIN, "announced")

    async def begin(self, conn: Connection, window: Window, actor: Actor) -> Window:
        begun = window.begun(self._clock.now())
        # The bot was down for the whole window: only its owner, who is asked next, knows whether work was done.
        if begun.is_missed:
            return await self._keep(conn, begun, actor, "missed")
        begun = await self._silencing.cover(conn, begun)
        await self._telling.everybody(conn, begun, "maintenance_begun")
        await self._cards.post(conn, begun, "begun", actor.name)
        return await self._keep(conn, begun, actor, "begun")

    async def ask(self, conn: Connection, window: Window) -> Window:
        asked = replace(window, asked_at=self._clock.now())
        await self._cards.ask(conn, asked)
        return await self._keep(conn, asked, TOCSIN, "asked")

    async def overrun(self, conn: Connection, window: Window) -> Window:
        """Tell audiences that it takes longer: nobody answered the question whether it is done."""
        late = replace(window, late_at=self._clock.now())
        await self._telling.who_knows(conn, late, "maintenance_overrun")
        return await self._keep(conn, late, TOCSIN, "overrun")

    async def extend(self, conn: Connection, window: Window, actor: Actor, span: timedelta) -> Window:
        longer = await self._silencing.cover(conn, window.longer(span, self._clock.now()))
        await self._cards.ask(conn, window)
        await self._telling.who_knows(conn, longer, "maintenance_overrun")
        return await self._keep(conn, longer, actor, "extended")

    async def move(
        self, conn: Connection, window: Window, actor: Actor, starts_at: datetime, ends_at: datetime, why: str
    ) -> Window:
        knowing = await self._telling.knowing(conn, window)
        moved = window.moved(starts_at, ends_at, self._clock.now(), why, somebody_knows=bool(knowing))
        await self._cards.post(conn, moved, "moved", actor.name)
        await self._telling.of_move(conn, moved, knowing)
        return await self._keep(conn, moved, actor, "moved")

    async def end(
        self, conn: Connection, window: Window, actor: Actor, state: Literal["done", "cancelled"], why: str = ""
    ) -> Window:
        over = window.over(state, actor.name, self._clock.now(), why)
        await self._silencing.end(conn, window, actor)
        await self._cards.ask(conn, window)
        await self._cards.post(conn, over, state, actor.name)
        await self._telling.who_knows(conn, over, "maintenance_done" if state == "done" else "maintenance_cancelled")
        return await self._keep(conn, over, actor, state)

    async def _keep(self, conn: Connection, window: Window, actor: Actor, change: str) -> Window:
        """Save it with an entry of who did what, and update its card."""
        now = self._clock.now()
        await maintenance.save(conn, window)
        words = self._rendering.say("documents/maintenance_entry", window=window, change=change)
        await maintenance.write(conn, window.id, words, actor=actor.name, at=now)
        subject = f"{window.ref} {window.what}"
        await audit.write(conn, actor=actor.name, deed=f"maintenance.{change}", subject=subject, at=now)
        await self._cards.show(conn, window)
        # Status pages show its state even if no update is sent. Last, as their writer locks the outbox first, too.
        await status_pages.make_due(conn, now)
        return window
