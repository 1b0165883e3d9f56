"""Adds and removes members of a private incident: in the timeline, in its room, and in Slack."""

from datetime import datetime

from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incidents.incident import Incident
from bot.pagers import shared_ways
from bot.rendering import Rendering
from bot.services.people.people import People
from bot.services.rooms.deeds import Deeds, Moment
from bot.services.rooms.members import Members
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store.incidents import incidents
from bot.store.paging import pages
from bot.store.pipelined import Connection


class Memberships:
    """Each deed is one transaction, once per request."""

    def __init__(
        self, people: People, members: Members, rooms: Rooms, posts: Posts, deeds: Deeds, rendering: Rendering
    ) -> None:
        self._people = people
        self._members = members
        self._rooms = rooms
        self._posts = posts
        self._deeds = deeds
        self._rendering = rendering

    async def add(self, actor: Actor, incident_id: int, who: str) -> Incident:
        """Invite somebody to the room; for a private incident, also make them a member."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            # A member may have left the channel, so invite them again as well.
            known = (await self._members.of(conn, incident)).members
            if incident.private and not self._members.is_among(who, known):
                await self._let_in(conn, incident, who, actor, now)
            await self._rooms.invite(conn, incident, [who])
            return incident

    async def came_in(self, actor: Actor, incident: Incident, who: str, *, by_us: bool) -> None:
        """Somebody joined the channel, invited by `actor`; `by_us`: by an invitation of the bot's.

        A late invitation of ours does not readmit somebody removed since: they are taken out again.
        """
        if not incident.private:
            return
        async with self._deeds.on(actor, incident.id) as (conn, locked, now):
            found = await self._members.of(conn, locked)
            if self._members.is_among(who, found.members):
                return
            if by_us and self._members.is_among(who, found.removed):
                await self._rooms.put_out(conn, locked, who)
                return
            await self._let_in(conn, locked, who, actor, now)

    async def _let_in(self, conn: Connection, incident: Incident, who: str, actor: Actor, now: datetime) -> None:
        await self._members.let_in(conn, incident, who, by=actor.name, now=now)
        await self._say(conn, incident, "added", who, actor, now)
        await self._show_pages(conn, incident, who)

    async def remove(self, actor: Actor, incident_id: int, who: str) -> Incident:
        """Remove a member: they lose access and are taken out of the channel. Raises Refused."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            if not incident.private:
                raise Refused(f"{incident.ref} isn't private: everybody can see it, so nobody is removed.")
            self._must_be_dispensable(incident, (await self._members.of(conn, incident)).members, who)
            await self._members.put_out(conn, incident, who, by=actor.name, now=now)
            await self._say(conn, incident, "removed", who, actor, now)
            await self._rooms.put_out(conn, incident, who)
            # Pages to them still waiting carry the title, so cancel those.
            paged = {one.person for one in await pages.of_incident(conn, incident.id)}
            own = [name for name in sorted(paged) if self._members.is_among(who, [name])]
            await pages.cancel_waiting(conn, incident.id, people=own, but_by=shared_ways())
            await self._show_pages(conn, incident, who)
            return incident

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        """Being given a role makes somebody a member again."""
        if incident.private and moment == "role":
            removed = (await self._members.of(conn, incident)).removed
            for who in removed:
                if self._members.is_among(who, incident.roles.values()):
                    await self._members.let_in(conn, incident, who, by=TOCSIN.name, now=self._deeds.now())

    def _must_be_dispensable(self, incident: Incident, members: tuple[str, ...], who: str) -> None:
        name = self._people.written(who)
        if not self._members.is_among(who, members):
            raise AlreadyDone(f"{name} is no member of {incident.ref}.")
        for role, holder in incident.roles.items():
            if self._members.is_among(who, [holder]):
                raise Refused(
                    f"{name} has the role {role}. Give it to somebody else first: `/incident role {role} @user`."
                )
        if len(members) == 1:
            raise Refused(f"{name} is the only member of {incident.ref}. Add somebody first: `/incident add @user`.")

    async def _say(
        self, conn: Connection, incident: Incident, what: str, who: str, actor: Actor, now: datetime
    ) -> None:
        words = self._rendering.say("documents/member", what=what, who=who)
        await incidents.write(conn, incident.id, "system", words, actor=actor.name, at=now)
        await self._posts.in_room(conn, incident, "member", what=what, who=who, actor=actor.name)

    async def _show_pages(self, conn: Connection, incident: Incident, who: str) -> None:
        """Repaint the pages sent to them to show what they may see now."""
        sent = [one for one in await pages.of_incident(conn, incident.id) if one.via == "slack" and one.is_accepted]
        own = [one for one in sent if self._members.is_among(who, [one.person])]
        await self._rooms.repaint(conn, [f"page:{one.id}" for one in own])
