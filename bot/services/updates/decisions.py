"""Decisions on updates that wait for approval, and their record."""

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import State, Update, must_be_pending
from bot.rendering import Rendering
from bot.services.people.people import People
from bot.services.updates.returns import Returns
from bot.services.updates.subjects import lock_subject, reference_of, write
from bot.store import audit, requests
from bot.store.pipelined import Connection
from bot.store.updates import updates


class Decisions:
    """Each is made once, by one person."""

    def __init__(self, clock: Clock, people: People, returns: Returns, rendering: Rendering) -> None:
        self._clock = clock
        self._people = people
        self._returns = returns
        self._rendering = rendering

    async def pending(self, conn: Connection, actor: Actor, update_id: int) -> tuple[Update, Incident | None]:
        """The update and its incident (None for planned work), locked until the commit, so that nobody decides about
        words while the facts behind them change.

        Raises AlreadyDone when it is decided, DoneBefore for a request already carried out.
        """
        await requests.once(conn, actor, self._clock.now())
        # Lock the incident before the update, as every change of it does.
        incident = await lock_subject(conn, await updates.get(conn, update_id))
        update = await updates.lock(conn, update_id)
        must_be_pending(update, self._people.written(update.decided_by or ""))
        return update, incident

    def is_author(self, actor: Actor, update: Update) -> bool:
        return self._people.is_one(actor, update.author, update.author_account)

    async def reject(self, conn: Connection, update: Update, incident: Incident | None, actor: Actor) -> None:
        """Its author hears of it, unless they have taken it back themselves."""
        await self.record(conn, update, "rejected", actor)
        if incident and not self.is_author(actor, update):
            why = self._rendering.say("documents/rejected_by", who=self._people.known_name(actor.name))
            await self._returns.give_back(conn, incident, update, why)

    async def record(self, conn: Connection, update: Update, state: State, actor: Actor) -> None:
        """Record `released` or `rejected` on the update, in the timeline and in the audit log."""
        now = self._clock.now()
        await updates.decide(conn, update.id, state, actor.name, now)
        words = self._rendering.say("documents/decided", update=update, approved=state == "released")
        await write(conn, update, "system", words, actor=actor.name, at=now)
        deed = "audience.approve" if state == "released" else "audience.reject"
        facts = {"update": update.id, "author": update.author, "subject": update.subject, "text": update.digest}
        subject = f"{reference_of(update)} {update.audience}"
        await audit.write(conn, actor=actor.name, deed=deed, subject=subject, at=now, facts=facts)
