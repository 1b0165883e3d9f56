"""Tells audiences about incidents: by itself at the moments of an incident, and by hand after a look at the words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import AlreadyDone, NotFound, NotPermitted, Refused, Rejected
from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import (
    ENDS,
    Moment,
    Outlet,
    OutOfDate,
    broken_promise,
    facts_of,
    moment_now,
    must_be_tellable,
    words_of,
)
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.services.outbox.kinds import DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.people.permissions import Permissions
from bot.services.rooms.cards import Cards
from bot.services.updates.approvals import Approvals
from bot.services.updates.audiences import Where, addresses, audience_called
from bot.services.updates.publications import Publications
from bot.services.updates.wording import Wordings
from bot.store import requests
from bot.store.database import Database
from bot.store.incidents import deadlines, incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.updates import updates
from bot.store.updates.updates import NewUpdate

# A time in words of before that is rather meant for the next day.
SAME_DAY = timedelta(hours=12)


@dataclass(frozen=True)
class Preview:
    """What an audience would be told. `own`: words that somebody has written before and that have not left.

    `written_at`: since when the times that it promises count.
    `gaps`: outlets by which nothing can leave, and why.
    """

    incident: Incident
    audience: Audience
    subject: str
    text: str
    own: bool
    written_at: datetime
    where: Sequence[Where]
    gaps: Mapping[Outlet, str]


@dataclass(frozen=True)
class Words:
    """What an audience is to be told. As text, its subject."""

    subject: str
    text: str

    def __str__(self) -> str:
        return self.subject


class Communications(DeliveryKind[Words]):
    """Deliveries of kind `update`: finds the words outside of the incident's own transaction.

    So a template that fails never keeps an incident from being declared.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        permissions: Permissions,
        outbox: Outbox,
        cards: Cards,
        wordings: Wordings,
        publications: Publications,
        approvals: Approvals,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._permissions = permissions
        self._outbox = outbox
        self._cards = cards
        self._wordings = wordings
        self._publications = publications
        self._approvals = approvals

    # By itself

    async def send(self, delivery: Delivery) -> Words:
        """Nothing leaves here: the words are what `recorded` is given."""
        async with self._db.transaction() as conn:
            update = await updates.get(conn, delivery.payload["update"])
            incident = await incidents.get(conn, update.incident_id)
            told = await updates.last_told(conn, incident.id)
            resolve_by = await _resolve_by(conn, incident)
        if update.state != "composing":
            raise NoLongerWanted
        try:
            audience = audience_called(self._runbook, update.audience)
            words = self._wordings.compose(
                incident,
                audience,
                update.moment,
                update.status,
                told_before=update.audience in told,
                resolve_by=resolve_by,
            )
        except Refused as refusal:
            raise Rejected(str(refusal)) from refusal
        return Words(*words)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[Words]) -> None:
        number = (await updates.get(conn, delivery.payload["update"])).incident_id
        # Before the update, as every change of the incident has it: then the two never wait for each other.
        incident = await incidents.lock(conn, number)
        update = await updates.lock(conn, delivery.payload["update"])
        if update.state != "composing":
            return
        if outcome.state == "sent" and (words := outcome.returned):
            await updates.set_words(conn, update.id, words.subject, words.text)
            audience = self._runbook.audiences[update.audience]
            written = replace(update, subject=words.subject, text=words.text)
            await self._approvals.release_or_ask(conn, written, incident, audience)
        elif outcome.state in ("refused", "gave_up"):
            await updates.set_state(conn, update.id, "failed", outcome.error)
            await self._cards.touch(conn, f"update:{update.id}", incident=update.incident_id)

    # By hand

    async def last_told(self, incident: Incident) -> Mapping[str, datetime | None]:
        """Every audience of the runbook, and when it was last told of this incident; None: never."""
        must_be_tellable(incident)
        async with self._db.transaction() as conn:
            told = await updates.last_told(conn, incident.id)
        return {key: told[key].at if key in told else None for key in self._runbook.audiences}

    async def preview(self, actor: Actor, incident: Incident, audience_name: str) -> Preview:
        """What the audience would be told now, or what this person has written for it and not sent. Raises Refused."""
        self._permissions.must(actor, "audience.send")
        must_be_tellable(incident)
        audience = audience_called(self._runbook, audience_name)
        async with self._db.transaction() as conn:
            draft = await updates.draft(conn, incident.id, audience.key, actor.name)
            told = (await updates.last_told(conn, incident.id)).get(audience.key)
            resolve_by = await _resolve_by(conn, incident)
        if draft:
            return self._shown(incident, audience, draft.subject, draft.text, own_since=draft.created_at)
        subject, text = self._wordings.compose(
            incident,
            audience,
            moment_now(incident, told),
            incident.status,
            told_before=told is not None,
            resolve_by=resolve_by,
        )
        return self._shown(incident, audience, subject, text)

    async def preview_of(self, actor: Actor, update_id: int) -> Preview:
        """Words that have not left, to be changed and sent anew. Raises AlreadyDone when they have.

        What Tocsin has composed before the incident ended, or before it was reopened, is composed anew.
        """
        self._permissions.must(actor, "audience.send")
        async with self._db.transaction() as conn:
            update = await updates.get(conn, update_id)
            incident = await incidents.get(conn, update.incident_id)
        if update.state == "released":
            raise AlreadyDone(f"This has been sent. To tell them more, type `/incident tell {update.audience}`.")
        if update.author == TOCSIN.name and incident.is_open == (update.moment in ENDS):
            return await self.preview(actor, incident, update.audience)
        audience = audience_called(self._runbook, update.audience)
        return self._shown(incident, audience, update.subject, update.text, own_since=update.created_at)

    async def tell(
        self,
        actor: Actor,
        incident_id: int,
        audience_name: str,
        subject: str,
        text: str,
        *,
        seen: str = "",
        written_at: datetime | None = None,
    ) -> None:
        """Send it, or have it approved first. When that is refused, the words are kept as this person's draft.

        `seen`: `facts_of` the incident when they were shown. Raises OutOfDate when it stands otherwise by now.
        `written_at`: as the preview has it; None: now. Refused when a time that the text promises has passed since.
        """
        written_at = max(written_at or self._clock.now(), self._clock.now() - SAME_DAY)
        try:
            if late := broken_promise(text, written_at.astimezone(self._runbook.timezone), self._clock.now()):
                raise Refused(
                    f"Not sent: it promises something by {late}, which has passed. Put a later time into the text."
                )
            await self._tell(actor, incident_id, audience_name, subject, text, seen)
        except AlreadyDone:
            raise
        except Refused as refusal:
            if not await self._keep(actor, incident_id, audience_name, subject, text, written_at):
                raise
            once = " once the runbook lets you" if isinstance(refusal, NotPermitted) else ""
            advice = f"Your words are kept: `/incident tell {audience_name}` shows them again{once}."
            raise type(refusal)(f"{refusal} {advice}") from refusal

    async def _tell(
        self, actor: Actor, incident_id: int, audience_name: str, subject: str, text: str, seen: str
    ) -> None:
        self._permissions.must(actor, "audience.send")
        audience = audience_called(self._runbook, audience_name)
        subject, text = words_of(subject, text)
        now = self._clock.now()
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, now)
            incident = await incidents.lock(conn, incident_id)
            must_be_tellable(incident)
            if seen and seen != facts_of(incident):
                raise OutOfDate(f"{incident.ref} has changed since you opened this.")
            told = (await updates.last_told(conn, incident.id)).get(audience.key)
            new = _written(incident, audience, moment_now(incident, told), actor, subject, text)
            update = await updates.insert(conn, new, "composing", now)
            await updates.drop_draft(conn, incident.id, audience.key, actor.name)
            await self._approvals.release_or_ask(conn, update, incident, audience)

    async def _keep(
        self, actor: Actor, incident_id: int, audience_name: str, subject: str, text: str, written_at: datetime
    ) -> bool:
        """False when there is nothing to keep, or no audience to keep it for."""
        try:
            audience = audience_called(self._runbook, audience_name)
        except NotFound:
            return False
        async with self._db.transaction() as conn:
            incident = await incidents.get(conn, incident_id)
            new = _written(incident, audience, "update", actor, subject, text)
            await updates.keep_draft(conn, new, written_at)
        return True

    def _shown(
        self, incident: Incident, audience: Audience, subject: str, text: str, *, own_since: datetime | None = None
    ) -> Preview:
        where = addresses(audience)
        gaps = {via: gap for via, _ in where if (gap := self._publications.gap(via))}
        written_at = own_since or self._clock.now()
        return Preview(incident, audience, subject, text, own_since is not None, written_at, where, gaps)


def _written(
    incident: Incident, audience: Audience, moment: Moment, actor: Actor, subject: str, text: str
) -> NewUpdate:
    """With what the incident is now, by which later changes are judged."""
    return NewUpdate(
        incident.id, audience.key, moment, incident.status, incident.severity, actor.name, subject, text, actor.slack_id
    )


async def _resolve_by(conn: Connection, incident: Incident) -> datetime | None:
    """The one deadline that the card shows too: it moves when the severity changes or the incident is reopened."""
    deadline = (await deadlines.of_incident(conn, incident.id)).get("resolve")
    return deadline.by if deadline else None
