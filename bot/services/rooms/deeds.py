"""Deeds: one transaction per thing done to an incident, once per request; followers are told within it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal, Protocol

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident, must_not_be_a_test_page, refusing_about
from bot.services.rooms.members import Members
from bot.services.rooms.rooms import Rooms
from bot.store import requests
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection

Moment = Literal[
    "declared", "acknowledged", "severity", "status", "updated", "impact", "role", "resolved", "reopened", "corrected"
]


class Follower(Protocol):
    """Something that reacts when an incident changes, in the same transaction."""

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None: ...


class Deeds:
    """The frame of everything that changes an incident. `followers` may grow until the doors open."""

    def __init__(
        self, db: Database, clock: Clock, rooms: Rooms, members: Members, followers: Sequence[Follower]
    ) -> None:
        self._db = db
        self._clock = clock
        self._rooms = rooms
        self._members = members
        self._followers = followers

    @asynccontextmanager
    async def on(
        self, actor: Actor, incident_id: int, *, to: str | None = None, acknowledges: bool = False
    ) -> AsyncIterator[tuple[Connection, Incident, datetime]]:  # fmt: skip
        """The transaction, the incident as it is now and locked, and the time. Raises DoneBefore for a request already
        carried out.

        `to`: who is given something; must be in the workspace (else NotFound) and a member of a private incident (else
        NotPermitted). `acknowledges`: the only deed allowed on a test page; others raise Refused.
        """
        if to is not None and to != actor.name:
            # Slack may have to be asked, which must not happen while the incident is locked.
            await self._members.must_be_of_the_workspace(to)
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            incident = await incidents.lock(conn, incident_id)
            # Read after the lock, so that our time is later than that of the deed we waited for.
            now = self._clock.now()
            with refusing_about(incident):
                await self._members.must_not_be_removed(conn, incident, actor)
                if not acknowledges:
                    must_not_be_a_test_page(incident)
                if to is not None:
                    await self._members.must_be_in(conn, incident, to)
                yield conn, incident, now

    def now(self) -> datetime:
        """The current time, for followers."""
        return self._clock.now()

    async def open(self, conn: Connection, incident: Incident) -> None:
        """Finish a declaration: open the room, tell the followers."""
        await self._rooms.open(conn, incident)
        await self._tell(conn, incident, "declared")

    async def show(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        """Repaint the incident's cards and tell the followers."""
        await self._rooms.show(conn, incident)
        await self._tell(conn, incident, moment)

    async def corrected(self, conn: Connection, incident: Incident) -> None:
        """Tell the followers that milestones were corrected; nothing new has happened."""
        await self._tell(conn, incident, "corrected")

    async def acknowledged(self, conn: Connection, incident: Incident) -> None:
        """Tell the followers of a first acknowledgement, or one after a withdrawal. The caller repaints the card."""
        await self._tell(conn, incident, "acknowledged")

    async def _tell(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        for follower in self._followers:
            await follower.follow(conn, incident, moment)
