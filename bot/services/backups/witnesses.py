"""Who else takes part in a restore: those who may approve it, or the next tier when somebody breaks the glass."""

from contextlib import suppress

from bot.domain.actor import TOCSIN, Actor
from bot.domain.backups.restore import Restore
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.incidents.declarations import Declarations
from bot.services.paging.escalations import Escalations
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.services.rooms.rooms import Rooms
from bot.store.incidents import incidents
from bot.store.paging import pages
from bot.store.pipelined import Connection


class Witnesses:
    """Nobody restores a database without somebody else knowing."""

    def __init__(
        self,
        declarations: Declarations,
        escalations: Escalations,
        people: People,
        permissions: Permissions,
        rooms: Rooms,
        rendering: Rendering,
    ) -> None:
        self._declarations = declarations
        self._escalations = escalations
        self._people = people
        self._permissions = permissions
        self._rooms = rooms
        self._rendering = rendering

    async def invite(self, conn: Connection, actor: Actor, backup_id: int, incident: Incident | None) -> None:
        """Those who may approve it, into the incident's room. Raises Refused when there is nobody but the actor."""
        others = self._permissions.others("backup.restore", actor)
        if others == []:
            raise Refused(
                "Nobody else may approve a restore right now. If it can't wait: "
                f"`/backup restore {backup_id} break-glass <why>`, which pages the next tier."
            )
        if incident and others:
            await self._rooms.invite(conn, incident, others)

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
        declared = await self._declarations.declare_within(conn, TOCSIN, title)
        paged = {page.person for page in await pages.of_incident(conn, declared.id)}
        if all(self._people.is_one(actor, person) for person in paged):
            # Who broke the glass may be the one on call: that is nobody else.
            await self._page_next(conn, await incidents.lock(conn, declared.id), actor, words)
        return declared

    async def _page_next(self, conn: Connection, incident: Incident, actor: Actor, words: str) -> None:
        # That nobody can be reached is shown by the incident itself, and does not hold up what cannot wait.
        with suppress(Refused):
            await self._escalations.page_next(conn, incident, actor, words)
