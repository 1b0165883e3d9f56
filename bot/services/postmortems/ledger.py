"""Records every change of a post-mortem: its row and next reminder, the timeline, its card, its canvas."""

from datetime import datetime

from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.postmortem import Postmortem
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.outbox import Outbox
from bot.services.postmortems.canvases import put_canvas
from bot.services.rooms.cards import Cards
from bot.services.rooms.prompts import Prompts
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems

# What is asked while something of it is late: whatever is done about it answers.
LATE = "postmortem"


class Ledger:
    """Works in the caller's transaction, which has locked the incident."""

    def __init__(self, runbook: Runbook, cards: Cards, prompts: Prompts, outbox: Outbox, rendering: Rendering) -> None:
        self._runbook = runbook
        self._cards = cards
        self._prompts = prompts
        self._outbox = outbox
        self._rendering = rendering

    async def keep(
        self, conn: Connection, incident: Incident, postmortem: Postmortem, actor: Actor, change: str, now: datetime
    ) -> Postmortem:
        """Save it with its next reminder, and show the change; returns it as saved."""
        kept = postmortem.planned(now, self._runbook.hours)
        await postmortems.save(conn, kept)
        words = self._rendering.say("documents/postmortem_entry", postmortem=kept, change=change)
        await incidents.write(conn, incident.id, "system", words, actor=actor.name, at=now)
        await self._prompts.answered(conn, incident.id, LATE)
        await self.show(conn, incident)
        if kept.canvas:
            await put_canvas(conn, self._outbox, incident.id)
        return kept

    async def show(self, conn: Connection, incident: Incident) -> None:
        await self._cards.touch(conn, f"postmortem:{incident.id}", incident=incident.id)
