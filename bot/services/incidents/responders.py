"""Who works on an incident: gives roles, and brings people into its room."""

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound
from bot.domain.incidents.incident import WORD_MARKS, Incident, must_be_open
from bot.runbook import Runbook
from bot.services.paging.acknowledgements import Acknowledgements
from bot.services.people.people import People
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store.incidents import incidents


class Responders:
    """Each deed is one transaction, once per request."""

    def __init__(
        self,
        runbook: Runbook,
        people: People,
        acknowledgements: Acknowledgements,
        rooms: Rooms,
        posts: Posts,
        deeds: Deeds,
    ) -> None:
        self._runbook = runbook
        self._people = people
        self._acknowledgements = acknowledgements
        self._rooms = rooms
        self._posts = posts
        self._deeds = deeds

    async def set_role(self, actor: Actor, incident_id: int, role: str, who: str, *, vacant: bool = False) -> Incident:
        """Give a role to somebody; `vacant`: only if nobody has it. Taking the lead oneself acknowledges too.

        Raises NotFound for an unknown role or somebody outside the workspace, AlreadyDone when nothing would change or
        the role is taken.
        """
        role = self._role(role)
        if who != actor.name:
            # Slack may have to be asked, which must not happen while the incident is locked.
            await self._people.must_be_a_member(who)
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "give roles")
            holder = incident.roles.get(role)
            if holder == who or (holder and vacant):
                raise AlreadyDone(f"{self._people.written(holder)} has the role {role} in {incident.ref} already.")
            await incidents.set_role(conn, incident.id, role, who)
            await incidents.write(conn, incident.id, "role", f"{role}: {who}", actor=actor.name, at=now)
            if role == "lead" and who == actor.name:
                await self._acknowledgements.answer(conn, incident, actor)
            changed = await incidents.get(conn, incident.id)
            await self._rooms.invite(conn, changed, [who])
            await self._posts.in_room(conn, incident, "role", role=role, who=who, actor=actor.name)
            await self._deeds.show(conn, changed, "role")
        return changed

    async def join(self, actor: Actor, incident_id: int) -> None:
        """Invite the actor."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, _):
            await self._rooms.invite(conn, incident, [actor.name])

    def _role(self, name: str) -> str:
        """The role as the runbook spells it."""
        roles = {role.lower(): role for role in self._runbook.roles}
        if found := roles.get(name.strip(WORD_MARKS).lower()):
            return found
        raise NotFound(f"There is no role “{name}”. The roles are: {', '.join(self._runbook.roles)}.")
