"""Updates written by Tocsin, after the change of the incident that calls for them."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.actor import TOCSIN
from bot.domain.errors import NotFound, Refused, Rejected
from bot.domain.incidents.incident import Incident
from bot.domain.updates.lint import Finding
from bot.domain.updates.update import CLOSES, TO_BE_CONFIRMED, UNHEARD, Update
from bot.rendering import Rendering
from bot.runbook.audiences import Audience
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, NotKnownHere, NotYet, Outcome
from bot.services.rooms.cards import Cards
from bot.services.rooms.posts import Posts
from bot.services.updates.audiences import takes_all
from bot.services.updates.releases import Releases
from bot.services.updates.subjects import lock_subject, show, show_what_asked, write
from bot.services.updates.wording import Wordings, resolve_by
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.maintenance import maintenance
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems
from bot.store.updates import updates
from bot.words.audience import Said


class Compositions(DeliveryKind[Said]):
    """Deliveries of kind `update`: composes the words outside the incident's transaction.

    So a failing template never keeps an incident from being declared.
    """

    def __init__(
        self, db: Database, wordings: Wordings, releases: Releases, cards: Cards, posts: Posts, rendering: Rendering
    ) -> None:
        self._db = db
        self._wordings = wordings
        self._releases = releases
        self._cards = cards
        self._posts = posts
        self._rendering = rendering

    async def send(self, delivery: Delivery) -> Said:
        """Sends nothing: the words returned are passed to `recorded`."""
        async with self._db.transaction() as conn:
            update = await updates.get(conn, delivery.payload["update"])
            if update.maintenance_id is not None:
                return await self._of_planned(conn, update)
            incident = await incidents.get(conn, update.of_incident)
            told = (await updates.last_told(conn, incident.id)).get(update.audience)
            heard = update.audience in await updates.last_received(conn, incident.id)
            due, postmortem = await resolve_by(conn, incident), await postmortems.get(conn, incident.id)
        if update.state != "composing":
            raise NoLongerWanted
        audience = self._audience_of(update)
        if update.moment in CLOSES and not heard and not takes_all(audience):
            raise NoLongerWanted(UNHEARD) if told is None else NotYet("the words before it are still on their way")
        try:
            return self._wordings.unattended(
                incident,
                audience,
                update.moment,
                update.status or incident.status,
                told_before=told is not None and told.reached,
                severity_before=told.severity if told and told.reached else None,
                resolve_by=due,
                postmortem=postmortem,
            )
        except Refused as refusal:
            raise Rejected(str(refusal)) from refusal

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[Said]) -> None:
        # Lock the incident before the update, as every change of it does, to avoid deadlock.
        incident = await lock_subject(conn, await updates.get(conn, delivery.payload["update"]))
        update = await updates.lock(conn, delivery.payload["update"])
        if update.state != "composing":
            return
        if outcome.state == "sent" and (words := outcome.returned):
            await updates.set_words(conn, update.id, words.subject, words.text)
            written = replace(update, subject=words.subject, text=words.text)
            await self._release(conn, written, incident, words)
        elif outcome.state in ("refused", "gave_up"):
            await updates.set_state(conn, update.id, "failed", outcome.error)
            await show(self._cards, conn, update)
        elif outcome.state == "cancelled":
            await updates.set_state(conn, update.id, "replaced", outcome.error)
            await show_what_asked(self._cards, conn, update)

    async def _of_planned(self, conn: Connection, update: Update) -> Said:
        window = await maintenance.get(conn, update.of_maintenance)
        if update.state != "composing":
            raise NoLongerWanted
        audience = self._audience_of(update)
        try:
            return self._wordings.of_planned(window, audience, update.moment)
        except Refused as refusal:
            raise Rejected(str(refusal)) from refusal

    def _audience_of(self, update: Update) -> Audience:
        """The update's audience. Raises NotKnownHere: during a rollout of a new runbook, another process may have
        it."""
        try:
            return self._releases.audience_of(update)
        except NotFound as unknown:
            raise NotKnownHere(str(unknown)) from unknown

    async def _release(self, conn: Connection, update: Update, incident: Incident | None, said: Said) -> None:
        """Release it; if it needs a person (blanks, findings), hold it in the room to be edited and sent."""
        if said.broken:
            await self._say_broken(conn, update, incident, said.broken)
        if TO_BE_CONFIRMED in update.text + update.subject:
            await self._hold(conn, update, "documents/to_be_confirmed")
        elif said.found and not said.left_out:
            await self._hold(conn, update, "documents/second_look", findings=said.found)
        else:
            if said.left_out and incident:
                await self._say_left_out(conn, update, incident, said.found)
            await self._releases.release_or_ask(conn, update, incident)

    async def _say_broken(self, conn: Connection, update: Update, incident: Incident | None, broken: str) -> None:
        if incident:
            facts = {"incident": incident, "audience": update.audience, "broken": broken}
            await self._posts.in_room(conn, incident, "template_broken", **facts)
        else:
            words = self._rendering.say("documents/template_broken", audience=update.audience, broken=broken)
            await write(conn, update, "system", words, actor=TOCSIN.name, at=update.created_at)

    async def _say_left_out(
        self, conn: Connection, update: Update, incident: Incident, found: Sequence[Finding]
    ) -> None:
        """Say so once for the same findings and audience."""
        words = self._rendering.say("documents/left_out", audience=update.audience)
        key = f"left out {update.audience} {' '.join(sorted(one.mark for one in found))}"
        if await incidents.write_once(
            conn, incident.id, "system", words, actor=TOCSIN.name, at=update.created_at, key=key
        ):
            facts = {"incident": incident, "audience": update.audience, "findings": found}
            await self._posts.in_room(conn, incident, "left_out", **facts)

    async def _hold(self, conn: Connection, update: Update, why: str, **facts: object) -> None:
        window = await maintenance.get(conn, update.of_maintenance) if update.maintenance_id is not None else None
        words = self._rendering.say(why, **facts, update=update, window=window)
        await updates.set_state(conn, update.id, "failed", words)
        await show(self._cards, conn, update)
