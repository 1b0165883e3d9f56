"""Updates that can no longer be sent as written: withdrawn, and returned to their author."""

from collections.abc import Sequence

from bot.domain.actor import TOCSIN, Actor
from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import Update
from bot.rendering import Rendering
from bot.services.rooms.cards import Cards
from bot.services.rooms.deeds import Moment
from bot.services.rooms.prompts import Prompts
from bot.services.updates.cards import edit_button
from bot.services.updates.reminders import about
from bot.store.pipelined import Connection
from bot.store.updates import updates


class Returns:
    """Within the transaction that locked the incident."""

    def __init__(self, cards: Cards, prompts: Prompts, rendering: Rendering) -> None:
        self._cards = cards
        self._prompts = prompts
        self._rendering = rendering

    async def give_back(self, conn: Connection, incident: Incident, update: Update, why: str) -> None:
        """Tell the author that the update was not sent, and why."""
        if update.author != TOCSIN.name:
            edit, answer = [edit_button(update)], about(update.audience)
            await self._prompts.ask(conn, incident, answer, "words_back", edit, update=update, why=why)

    async def overtake(self, conn: Connection, incident: Incident, change: Moment) -> Sequence[Update]:
        """Withdraw updates waiting for approval whose facts have changed. Returns them."""
        why = self._rendering.say("documents/overtaken", incident=incident, moment=change)
        found = await updates.overtake(conn, incident.id, why, everybody=change != "role")
        for update in found:
            await self._show(conn, incident, update)
            await self.give_back(conn, incident, update, why)
        return found

    async def withdraw(self, conn: Connection, incident: Incident, audience: str, actor: Actor) -> list[Update]:
        """Withdraw the update waiting for approval, which `actor` rewrites. Returns what was withdrawn."""
        why = self._rendering.say("documents/started_over", who=actor.name)
        found = await updates.withdraw(conn, incident.id, audience, why)
        for update in found:
            await self._show(conn, incident, update)
            if update.author != actor.name:
                await self.give_back(conn, incident, update, why)
        return found

    async def take_back(self, conn: Connection, incident: Incident, update: Update, late: str) -> None:
        """Withdraw an update that promises a time that has passed, `late`."""
        why = self._rendering.say("documents/promise_past", late=late)
        await updates.set_state(conn, update.id, "replaced", why)
        await self._show(conn, incident, update)
        await self.give_back(conn, incident, update, why)

    async def _show(self, conn: Connection, incident: Incident, update: Update) -> None:
        await self._cards.touch(conn, f"update:{update.id}", incident=incident.id)
