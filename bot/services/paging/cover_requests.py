"""Requests for cover, posted in the incidents channel; one person on the schedule takes each with a button, once."""

from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, Refused
from bot.services.outbox.kinds import UPDATE
from bot.services.outbox.outbox import Outbox
from bot.services.people.covers import Covers
from bot.services.people.people import People
from bot.services.rooms.cards import Cards
from bot.store import audit, requests
from bot.store.database import Database
from bot.store.due_rows import DueByRows, DueRows
from bot.store.people import cover_requests
from bot.store.people.cover_requests import CoverRequest
from bot.store.pipelined import Connection


class CoverRequests(DueByRows):
    """A request is shown by the card `cover:<number>`; a delivery of kind `cover_taken` tells the requester."""

    def __init__(
        self, db: Database, clock: Clock, covers: Covers, people: People, cards: Cards, outbox: Outbox
    ) -> None:
        self._db = db
        self._clock = clock
        self._covers = covers
        self._people = people
        self._cards = cards
        self._outbox = outbox

    async def ask(self, actor: Actor, schedule: str, *, begins: datetime, ends: datetime) -> CoverRequest:
        """Post a request for cover. Raises Refused."""
        self._covers.must_be_permitted(actor)
        key = self._covers.schedule(schedule).key
        self._covers.must_be_possible(begins, ends)
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            asked = await cover_requests.insert(
                conn, schedule=key, begins=max(begins, now), ends=ends, asked_by=actor.name, now=now
            )
            facts = {"begins": asked.begins.isoformat(), "ends": ends.isoformat()}
            await audit.write(conn, actor=actor.name, deed="schedule.ask", subject=key, at=now, facts=facts)
            await self._cards.touch(conn, f"cover:{asked.id}")
        return asked

    async def take(self, actor: Actor, number: int) -> CoverRequest:
        """Give the schedule to the actor. Raises Refused unless they are on it, AlreadyDone if somebody was first."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            asked = await self._free(conn, number, now)
            self._must_be_of(asked, actor)
            await self._people.learn_covers(conn)
            if self._people.has_throughout(asked.schedule, actor.name, max(asked.begins, now), asked.ends):
                raise Refused(f"You have `{asked.schedule}` then already: somebody else has to take it.")
            taken = await cover_requests.take(conn, number, actor.name, now)
            await self._covers.take_over(conn, actor, taken.schedule, actor.name, begins=taken.begins, ends=taken.ends)
            await self._cards.touch(conn, f"cover:{number}")
            payload = {"request": number, "told": asked.asked_by}
            await self._outbox.put(conn, "cover_taken", payload, priority=UPDATE)
        await self._covers.learn()
        return taken

    async def withdraw(self, actor: Actor, number: int) -> CoverRequest:
        """Withdraw the request. Raises Refused for anyone but the requester, AlreadyDone once it was taken."""
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            asked = await self._free(conn, number, now)
            if not self._people.is_same(actor.name, asked.asked_by):
                raise Refused(f"Only {self._people.written(asked.asked_by)}, who asked, can withdraw it.")
            withdrawn = await cover_requests.withdraw(conn, number, actor.name)
            facts = {"begins": asked.begins.isoformat(), "ends": asked.ends.isoformat()}
            await audit.write(
                conn, actor=actor.name, deed="schedule.withdraw", subject=asked.schedule, at=now, facts=facts
            )
            await self._cards.touch(conn, f"cover:{number}")
        return withdrawn

    async def take_due(self) -> int:
        """Remove the buttons of requests whose period is over."""
        async with self._db.transaction() as conn:
            ended = await cover_requests.end_due(conn, self._clock.now())
            for number in ended:
                await self._cards.touch(conn, f"cover:{number}")
        return len(ended)

    @property
    def due_rows(self) -> DueRows:
        return cover_requests.due_rows()

    async def _free(self, conn: Connection, number: int, now: datetime) -> CoverRequest:
        """The request, locked. Raises NotFound; AlreadyDone if taken or withdrawn; Refused if its period is over."""
        asked = await cover_requests.lock(conn, number)
        if asked is None:
            raise NotFound("There is no such request for cover.")
        if asked.taken_by:
            raise AlreadyDone(f"{self._people.written(asked.taken_by)} has taken it already.")
        if asked.withdrawn_by:
            raise AlreadyDone(f"{self._people.written(asked.withdrawn_by)} has withdrawn it: no cover is needed.")
        if asked.ends <= now:
            raise Refused("That cover is over, so there's nothing to take.")
        return asked

    def _must_be_of(self, asked: CoverRequest, actor: Actor) -> None:
        members = self._covers.schedule(asked.schedule).people
        if not any(self._people.is_same(actor.name, key) for key in members):
            names = ", ".join(self._people.display_name(key) for key in members)
            raise Refused(f"Only people on `{asked.schedule}` can take it: {names}.")
