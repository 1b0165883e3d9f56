"""Members of a private incident, checked whenever somebody looks at it or acts on it."""

from collections.abc import Iterable
from datetime import datetime

from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import NotPermitted
from bot.domain.incidents.incident import Incident
from bot.domain.incidents.membership import Membership, membership
from bot.services.people.people import People
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.rooms import members


class Members:
    """Everybody is a member of an incident that is not private."""

    def __init__(self, db: Database, people: People) -> None:
        self._db = db
        self._people = people

    async def of(self, conn: Connection, incident: Incident) -> Membership:
        by_hand, paged = await members.get(conn, incident.id)
        return membership(incident, by_hand, paged, self._is_same)

    async def now(self, incident: Incident) -> Membership:
        async with self._db.statement() as conn:
            return await self.of(conn, incident)

    async def leading(self, conn: Connection, incident: Incident, now: datetime) -> list[str]:
        """Who is on call of the tier that leads, of those who may hear of this incident."""
        found = await self._people.leading(conn, now)
        if not incident.private:
            return found
        known = (await self.of(conn, incident)).members
        return [who for who in found if self.is_among(who, known)]

    async def lets_in(self, incident: Incident, who: str, *, is_in_room: bool) -> bool:
        """Whether they may see it. `is_in_room`: they ask in its channel, which only members can do, or former members
        with, say, a form opened before."""
        if not incident.private:
            return True
        found = await self.now(incident)
        return not self.is_among(who, found.removed) and (is_in_room or self.is_among(who, found.members))

    async def was_removed(self, conn: Connection, incident: Incident, who: str) -> bool:
        return incident.private and self.is_among(who, (await self.of(conn, incident)).removed)

    async def has_put_out(self, incident_id: int, who: str) -> bool:
        """`was_removed` by incident id."""
        async with self._db.statement() as conn:
            return await self.was_removed(conn, await incidents.get(conn, incident_id), who)

    async def must_not_be_removed(self, conn: Connection, incident: Incident, actor: Actor) -> None:
        """Call it with the incident locked: rights count at the deed, not when its button was drawn. Raises
        NotPermitted."""
        if actor.name != TOCSIN.name and await self.was_removed(conn, incident, actor.name):
            raise outside(incident)

    async def must_be_of_the_workspace(self, who: str) -> None:
        """Raise NotFound if they are not in the workspace; asks Slack if unknown."""
        await self._people.must_be_a_member(who)

    async def must_be_in(self, conn: Connection, incident: Incident, who: str) -> None:
        """Raise NotPermitted unless they are a member: nobody learns of a private incident by being given something in
        it."""
        if incident.private and not self.is_among(who, (await self.of(conn, incident)).members):
            name = self._people.written(who)
            raise NotPermitted(
                f"{incident.ref} is private, and {name} isn't in it. Add them first: `/incident add @user`."
            )

    async def let_in(self, conn: Connection, incident: Incident, who: str, *, by: str, now: datetime) -> None:
        """Readmit them under every name they were removed by."""
        by_hand, _ = await members.get(conn, incident.id)
        names = [one.person for one in by_hand if not one.is_in and self._is_same(who, one.person)]
        for name in dict.fromkeys([who, *names]):
            await members.change(conn, incident.id, name, is_in=True, changed_by=by, now=now)

    async def put_out(self, conn: Connection, incident: Incident, who: str, *, by: str, now: datetime) -> None:
        await members.change(conn, incident.id, who, is_in=False, changed_by=by, now=now)

    def is_among(self, who: str, names: Iterable[str]) -> bool:
        return any(self._is_same(who, name) for name in names)

    def _is_same(self, name: str, other: str) -> bool:
        return name == other or self._people.is_one(Actor(name), other)


def outside(incident: Incident) -> NotPermitted:
    return NotPermitted(
        f"{incident.ref} is private: only its members can see it and work on it. Ask a member to add you."
    )
