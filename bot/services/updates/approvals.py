"""The last step before a telling leaves: at once, or when somebody else has looked at it."""

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import State, Telling, broken_promise, must_be_somebody_else, must_be_undecided
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.services.people.people import People
from bot.services.people.permissions import Permissions
from bot.services.rooms.cards import Cards
from bot.services.rooms.rooms import Rooms
from bot.services.updates.audiences import audience_called
from bot.services.updates.following import Following
from bot.services.updates.publications import Publications
from bot.services.updates.reminders import Promises
from bot.store import audit, requests
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.updates import updates


class Approvals:
    """Asks in the incident's room, takes the answer, and lets go. What nobody decided gives way to newer words."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        people: People,
        permissions: Permissions,
        cards: Cards,
        rooms: Rooms,
        rendering: Rendering,
        publications: Publications,
        promises: Promises,
        following: Following,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._permissions = permissions
        self._cards = cards
        self._rooms = rooms
        self._rendering = rendering
        self._publications = publications
        self._promises = promises
        self._following = following

    async def release_or_ask(self, conn: Connection, telling: Telling, incident: Incident, audience: Audience) -> None:
        """A telling with its words goes on its way, or to whoever has to say yes first."""
        for older in await updates.replace_waiting(conn, telling):
            await self._cards.touch(conn, f"telling:{older}")
        if not audience.approval:
            await updates.set_state(conn, telling.id, "released")
            await self._release(conn, telling, incident, audience)
            return
        await updates.set_state(conn, telling.id, "waiting")
        if approvers := self._permissions.permitted("audience.approve"):
            await self._rooms.invite(conn, incident, approvers)
        await self._cards.touch(conn, f"telling:{telling.id}", incident=telling.incident_id)

    async def approve(self, actor: Actor, telling_id: int) -> None:
        """It leaves. Raises NotPermitted to its author and to whoever may not, AlreadyDone when it is decided.

        Refused when a time that it promises is past: then it gives way to new words.
        """
        self._permissions.must(actor, "audience.approve")
        async with self._db.transaction() as conn:
            telling = await self._undecided(conn, actor, telling_id)
            must_be_somebody_else(is_author=self._is_author(actor, telling))
            incident = await incidents.get(conn, telling.incident_id)
            audience = audience_called(self._runbook, telling.audience)
            late = self._broken_promise(telling)
            if late:
                await self._following.renew(conn, incident, telling, late)
            else:
                await self._decide(conn, telling, "released", actor)
                await self._release(conn, telling, incident, audience)
        if late:
            raise Refused(f"Not sent: it promises something by {late}, and that is past. New words are asked for.")

    async def reject(self, actor: Actor, telling_id: int) -> None:
        """It does not leave; its author may take it back in this way too. The words stay to be seen and changed."""
        async with self._db.transaction() as conn:
            telling = await self._undecided(conn, actor, telling_id)
            if not self._is_author(actor, telling):
                self._permissions.must(actor, "audience.approve")
            await self._decide(conn, telling, "rejected", actor)
            if not self._is_author(actor, telling):
                incident = await incidents.get(conn, telling.incident_id)
                why = self._rendering.say("documents/rejected_by", who=self._people.display_name(actor.name))
                await self._following.give_back(conn, incident, telling, why)
            await self._cards.touch(conn, f"telling:{telling.id}", incident=telling.incident_id)

    def _broken_promise(self, telling: Telling) -> str | None:
        written_at = telling.created_at.astimezone(self._runbook.timezone)
        return broken_promise(telling.text, written_at, self._clock.now())

    def _is_author(self, actor: Actor, telling: Telling) -> bool:
        return self._people.is_one(actor, telling.author, telling.author_account)

    async def _release(self, conn: Connection, telling: Telling, incident: Incident, audience: Audience) -> None:
        await self._publications.put(conn, telling, audience)
        await self._promises.make(conn, incident, audience, telling.created_at)
        await self._cards.touch(conn, f"telling:{telling.id}", incident=telling.incident_id)

    async def _undecided(self, conn: Connection, actor: Actor, telling_id: int) -> Telling:
        await requests.once(conn, actor, self._clock.now())
        telling = await updates.lock(conn, telling_id)
        must_be_undecided(telling, self._people.display_name(telling.decided_by or ""))
        return telling

    async def _decide(self, conn: Connection, telling: Telling, state: State, actor: Actor) -> None:
        now = self._clock.now()
        await updates.decide(conn, telling.id, state, actor.name, now)
        words = self._rendering.say("documents/decided", telling=telling, approved=state == "released")
        await incidents.write(conn, telling.incident_id, "system", words, actor=actor.name, at=now)
        deed = "audience.approve" if state == "released" else "audience.reject"
        facts = {"telling": telling.id, "author": telling.author, "subject": telling.subject}
        subject = f"INC-{telling.incident_id} {telling.audience}"
        await audit.write(conn, actor=actor.name, deed=deed, subject=subject, at=now, facts=facts)
