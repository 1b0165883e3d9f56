"""A deed on an incident: one transaction, once per request, and everybody who follows the incident learns of it."""

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
    """Whoever has something to do when an incident changes, in the same transaction."""

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None: ...


class Deeds:
    """The frame of everything that changes an incident. `followers` may still grow until the doors open."""

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
        """The transaction, with the incident as it is now and locked. The same request never comes in twice.

        `to`: who is given something in it: somebody of the workspace (else NotFound), of a private incident a member
        (else NotPermitted). `acknowledges`: the one deed that people can do to a test page; any other raises Refused.
        """
        if to is not None and to != actor.name:
            # Slack may have to be asked: not while the incident is locked.
            await self._members.must_be_of_the_workspace(to)
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            incident = await incidents.lock(conn, incident_id)
            # Whoever waited for the lock acts after whoever had it.
            now = self._clock.now()
            with refusing_about(incident):
                await self._members.must_not_be_removed(conn, incident, actor)
                if not acknowledges:
                    must_not_be_a_test_page(incident)
                if to is not None:
                    await self._members.must_be_in(conn, incident, to)
                yield conn, incident, now

    def now(self) -> datetime:
        """For followers."""
        return self._clock.now()

    async def open(self, conn: Connection, incident: Incident) -> None:
        """It has been declared: its room is opened, and its followers told."""
        await self._rooms.open(conn, incident)
        await self._tell(conn, incident, "declared")

    async def show(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        """Its cards are painted anew, and its followers told."""
        await self._rooms.show(conn, incident)
        await self._tell(conn, incident, moment)

    async def corrected(self, conn: Connection, incident: Incident) -> None:
        """Its milestones are others: nothing new has happened, and who counts time learns of it."""
        await self._tell(conn, incident, "corrected")

    async def acknowledged(self, conn: Connection, incident: Incident) -> None:
        """For the first time, or again after that was withdrawn. Who acknowledges has its card painted."""
        await self._tell(conn, incident, "acknowledged")

    async def _tell(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        for follower in self._followers:
            await follower.follow(conn, incident, moment)
