"""The last step before an update leaves: at once, or when somebody else has looked at it."""

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import State, Update, broken_promise, must_be_somebody_else, must_be_undecided
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
from bot.services.updates.reminders import Reminders
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
        reminders: Reminders,
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
        self._reminders = reminders
        self._following = following

    async def release_or_ask(self, conn: Connection, update: Update, incident: Incident, audience: Audience) -> None:
        """An update with its words goes on its way, or to whoever has to say yes first."""
        for older in await updates.replace_waiting(conn, update):
            await self._cards.touch(conn, f"update:{older}")
        if not audience.approval:
            await updates.set_state(conn, update.id, "released")
            await self._release(conn, update, incident, audience)
            return
        await updates.set_state(conn, update.id, "waiting")
        if approvers := self._permissions.permitted("audience.approve"):
            await self._rooms.invite(conn, incident, approvers)
        await self._cards.touch(conn, f"update:{update.id}", incident=update.incident_id)

    async def approve(self, actor: Actor, update_id: int) -> None:
        """It leaves. Raises NotPermitted to its author and to whoever may not, AlreadyDone when it is decided.

        Refused when a time that it promises is past: then it gives way to new words.
        """
        self._permissions.must(actor, "audience.approve")
        async with self._db.transaction() as conn:
            update = await self._undecided(conn, actor, update_id)
            must_be_somebody_else(is_author=self._is_author(actor, update))
            incident = await incidents.get(conn, update.incident_id)
            audience = audience_called(self._runbook, update.audience)
            late = self._broken_promise(update)
            if late:
                await self._following.renew(conn, incident, update, late)
            else:
                await self._decide(conn, update, "released", actor)
                await self._release(conn, update, incident, audience)
        if late:
            raise Refused(
                f"Not sent: it promises something by {late}, which has passed. Its author is asked for a new text."
            )

    async def reject(self, actor: Actor, update_id: int) -> None:
        """It does not leave; its author may take it back in this way too. The words stay to be seen and changed."""
        async with self._db.transaction() as conn:
            update = await self._undecided(conn, actor, update_id)
            if not self._is_author(actor, update):
                self._permissions.must(actor, "audience.approve")
            await self._decide(conn, update, "rejected", actor)
            if not self._is_author(actor, update):
                incident = await incidents.get(conn, update.incident_id)
                why = self._rendering.say("documents/rejected_by", who=self._people.display_name(actor.name))
                await self._following.give_back(conn, incident, update, why)
            await self._cards.touch(conn, f"update:{update.id}", incident=update.incident_id)

    def _broken_promise(self, update: Update) -> str | None:
        written_at = update.created_at.astimezone(self._runbook.timezone)
        return broken_promise(update.text, written_at, self._clock.now())

    def _is_author(self, actor: Actor, update: Update) -> bool:
        return self._people.is_one(actor, update.author, update.author_account)

    async def _release(self, conn: Connection, update: Update, incident: Incident, audience: Audience) -> None:
        await self._publications.put(conn, update, audience)
        await self._reminders.make(conn, incident, audience, update.created_at)
        await self._cards.touch(conn, f"update:{update.id}", incident=update.incident_id)

    async def _undecided(self, conn: Connection, actor: Actor, update_id: int) -> Update:
        await requests.once(conn, actor, self._clock.now())
        update = await updates.lock(conn, update_id)
        must_be_undecided(update, self._people.display_name(update.decided_by or ""))
        return update

    async def _decide(self, conn: Connection, update: Update, state: State, actor: Actor) -> None:
        now = self._clock.now()
        await updates.decide(conn, update.id, state, actor.name, now)
        words = self._rendering.say("documents/decided", update=update, approved=state == "released")
        await incidents.write(conn, update.incident_id, "system", words, actor=actor.name, at=now)
        deed = "audience.approve" if state == "released" else "audience.reject"
        facts = {"update": update.id, "author": update.author, "subject": update.subject}
        subject = f"INC-{update.incident_id} {update.audience}"
        await audit.write(conn, actor=actor.name, deed=deed, subject=subject, at=now, facts=facts)
