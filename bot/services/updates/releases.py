"""The last step before an update leaves: at once, or after approval."""

from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import Update
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.services.people.permissions import Permissions
from bot.services.rooms.cards import Cards
from bot.services.rooms.rooms import Rooms
from bot.services.updates.audiences import audience_of
from bot.services.updates.linting import Look, look_at
from bot.services.updates.publications import Publications
from bot.services.updates.reminders import Reminders
from bot.services.updates.subjects import show
from bot.store.pipelined import Connection
from bot.store.updates import updates


class Releases:
    """Undecided updates give way to newer ones."""

    def __init__(
        self,
        runbook: Runbook,
        publications: Publications,
        reminders: Reminders,
        permissions: Permissions,
        rooms: Rooms,
        cards: Cards,
    ) -> None:
        self._runbook = runbook
        self._publications = publications
        self._reminders = reminders
        self._permissions = permissions
        self._rooms = rooms
        self._cards = cards

    async def release_or_ask(self, conn: Connection, update: Update, incident: Incident | None) -> None:
        """Send a complete update, or ask for its approval.

        `incident` None: it is about planned work.
        """
        audience = self.audience_of(update)
        for older in await updates.replace_waiting(conn, update):
            await self._cards.touch(conn, f"update:{older}")
        if not audience.approval:
            await updates.set_state(conn, update.id, "released")
            await self.release(conn, update, incident, audience)
            return
        await updates.set_state(conn, update.id, "waiting")
        if incident and (approvers := self._permissions.permitted("audience.approve")):
            await self._rooms.invite(conn, incident, approvers)
        await show(self._cards, conn, update)

    async def look(self, conn: Connection, update: Update) -> Look:
        """What an approver is shown next to it, as of now."""
        return await look_at(conn, self._runbook, update)

    def audience_of(self, update: Update) -> Audience:
        """The update's audience. Raises NotFound when it has left the runbook."""
        return audience_of(self._runbook, update)

    async def release(self, conn: Connection, update: Update, incident: Incident | None, audience: Audience) -> None:
        """Send it to every address of its audience, and plan the reminder of the next one."""
        await self._publications.put(conn, update, audience)
        if incident:
            await self._reminders.make(conn, incident, audience, update)
        await show(self._cards, conn, update)
