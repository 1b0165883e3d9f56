"""Who is woken when a database is restored without a second person: the next tier of the incident, or of a new one."""

from contextlib import suppress

from bot.domain.actor import TOCSIN, Actor
from bot.domain.backups.restore import Restore
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.incidents.incidents import Incidents
from bot.services.paging.escalations import Escalations
from bot.services.people.people import People
from bot.store.incidents import incidents
from bot.store.paging import pages
from bot.store.pipelined import Connection


class BackupRestorePages:
    """Somebody other than the one who broke the glass learns of it at once."""

    def __init__(self, declaring: Incidents, escalations: Escalations, people: People, rendering: Rendering) -> None:
        self._declaring = declaring
        self._escalations = escalations
        self._people = people
        self._rendering = rendering

    async def page(
        self, conn: Connection, actor: Actor, restore: Restore, incident: Incident | None, reason: str
    ) -> Incident:
        """The incident that it belongs to: the one whose room it was typed in, else one of its own."""
        words = self._rendering.say("documents/restore_page", restore=restore, actor=actor.name, reason=reason)
        if incident is not None:
            locked = await incidents.lock(conn, incident.id)
            await self._page_next(conn, locked, actor, words)
            return locked
        # Names of rooms and letters to audiences carry the title: who did it and why is for the room alone.
        title = self._rendering.say("documents/restore_title", restore=restore)
        declared = await self._declaring.declare_within(conn, TOCSIN, title)
        paged = {page.person for page in await pages.of_incident(conn, declared.id)}
        if all(self._people.is_one(actor, person) for person in paged):
            # Who broke the glass may be the one on call: that is nobody else.
            await self._page_next(conn, await incidents.lock(conn, declared.id), actor, words)
        return declared

    async def _page_next(self, conn: Connection, incident: Incident, actor: Actor, words: str) -> None:
        # That nobody can be reached is shown by the incident itself, and does not hold up what cannot wait.
        with suppress(Refused):
            await self._escalations.page_next(conn, incident, actor, words)
