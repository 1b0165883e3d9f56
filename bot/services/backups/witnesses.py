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
        """Invite possible approvers to the incident's room. Raises Refused when there are none but the actor."""
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
        """Page the next tier; returns the incident: that of the room it was typed in, else a new one."""
        words = self._rendering.say("documents/restore_page", restore=restore, actor=actor.name, reason=reason)
        if incident is not None:
            locked = await incidents.lock(conn, incident.id)
            await self._page_next(conn, locked, actor, words)
            return locked
        # The title shows in room names and updates to audiences, so who and why are told in the room only.
        title = self._rendering.say("documents/restore_title", restore=restore)
        declared = await self._declarations.declare_within(conn, TOCSIN, title)
        paged = {page.person for page in await pages.of_incident(conn, declared.id)}
        if all(self._people.is_one(actor, person) for person in paged):
            # The one on call may be the one who broke the glass; then page somebody else.
            await self._page_next(conn, await incidents.lock(conn, declared.id), actor, words)
        return declared

    async def _page_next(self, conn: Connection, incident: Incident, actor: Actor, words: str) -> None:
        # If nobody can be reached, the incident shows that; it must not hold up a restore that cannot wait.
        with suppress(Refused):
            await self._escalations.page_next(conn, incident, actor, words)
