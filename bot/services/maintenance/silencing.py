"""Silences the alerts of planned work while it is under way."""

from dataclasses import replace

from bot.domain.actor import Actor
from bot.domain.maintenance.window import Window
from bot.rendering import Rendering
from bot.services.alerts.silences import Silences
from bot.store.pipelined import Connection


class WindowSilences:
    """One silence per window that asked for it. It expires if nobody says that the work is done."""

    def __init__(self, silences: Silences, rendering: Rendering) -> None:
        self._silences = silences
        self._rendering = rendering

    async def cover(self, conn: Connection, window: Window) -> Window:
        """Silence its alerts until its planned end plus the time its owner has to answer, or prolong that silence. One
        that somebody ended stays ended."""
        if not window.matches:
            return window
        until = window.silenced_until
        if window.silence_id and await self._silences.prolong_for(conn, window.silence_id, until):
            return window
        owner = Actor(window.author, window.author_account)
        reason = self._rendering.say("documents/maintenance_silence", window=window)
        silence = await self._silences.begin_for(conn, owner, window.matches, window.shown, until, reason)
        return replace(window, silence_id=silence.id)

    async def end(self, conn: Connection, window: Window, actor: Actor) -> None:
        if window.silence_id:
            await self._silences.end_for(conn, window.silence_id, actor)
