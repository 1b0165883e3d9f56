"""Updates that Tocsin writes: the words of each are found after the change of the incident that asks for it."""

from dataclasses import dataclass, replace

from bot.domain.errors import Refused, Rejected
from bot.domain.updates.update import Update
from bot.runbook import Runbook
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, Outcome
from bot.services.rooms.cards import Cards
from bot.services.updates.audiences import audience_called
from bot.services.updates.releases import Releases
from bot.services.updates.subjects import lock_subject, show
from bot.services.updates.wording import Wordings, resolve_by
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.maintenance import maintenance
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.updates import updates


@dataclass(frozen=True)
class Words:
    """What an audience is to be told. As text, its subject."""

    subject: str
    text: str

    def __str__(self) -> str:
        return self.subject


class Compositions(DeliveryKind[Words]):
    """Deliveries of kind `update`: finds the words outside of the incident's own transaction.

    So a template that fails never keeps an incident from being declared.
    """

    def __init__(self, db: Database, runbook: Runbook, wordings: Wordings, releases: Releases, cards: Cards) -> None:
        self._db = db
        self._runbook = runbook
        self._wordings = wordings
        self._releases = releases
        self._cards = cards

    async def send(self, delivery: Delivery) -> Words:
        """Nothing leaves here: the words are what `recorded` is given."""
        async with self._db.transaction() as conn:
            update = await updates.get(conn, delivery.payload["update"])
            if update.maintenance_id is not None:
                return await self._of_planned(conn, update)
            incident = await incidents.get(conn, update.of_incident)
            told = await updates.last_told(conn, incident.id)
            due = await resolve_by(conn, incident)
        if update.state != "composing":
            raise NoLongerWanted
        try:
            audience = audience_called(self._runbook, update.audience)
            words = self._wordings.compose(
                incident,
                audience,
                update.moment,
                update.status or incident.status,
                told_before=update.audience in told,
                severity_before=told[update.audience].severity if update.audience in told else None,
                resolve_by=due,
            )
        except Refused as refusal:
            raise Rejected(str(refusal)) from refusal
        return Words(*words)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[Words]) -> None:
        # Before the update, as every change of the incident has it: then the two never wait for each other.
        incident = await lock_subject(conn, await updates.get(conn, delivery.payload["update"]))
        update = await updates.lock(conn, delivery.payload["update"])
        if update.state != "composing":
            return
        if outcome.state == "sent" and (words := outcome.returned):
            await updates.set_words(conn, update.id, words.subject, words.text)
            written = replace(update, subject=words.subject, text=words.text)
            await self._releases.release_or_ask(conn, written, incident)
        elif outcome.state in ("refused", "gave_up"):
            await updates.set_state(conn, update.id, "failed", outcome.error)
            await show(self._cards, conn, update)

    async def _of_planned(self, conn: Connection, update: Update) -> Words:
        window = await maintenance.get(conn, update.of_maintenance)
        if update.state != "composing":
            raise NoLongerWanted
        try:
            audience = audience_called(self._runbook, update.audience)
            return Words(*self._wordings.of_planned(window, audience, update.moment))
        except Refused as refusal:
            raise Rejected(str(refusal)) from refusal
