"""What an audience would be told now, shown to the author before sending."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import AlreadyDone
from bot.domain.incidents.incident import Incident
from bot.domain.updates.promises import next_promised
from bot.domain.updates.update import ENDS, MOMENTS, Moment, Outlet, OutOfDate, Update, moments_now, must_be_tellable
from bot.rendering import time_shown
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.services.people.permissions import Permissions
from bot.services.updates.audiences import Where, addresses, audience_called, audience_of
from bot.services.updates.linting import owes_time
from bot.services.updates.publications import Publications
from bot.services.updates.wording import Wordings, resolve_by
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.postmortems import postmortems
from bot.store.updates import updates
from bot.words.audience import Said


@dataclass(frozen=True)
class Preview:
    """A preview of an update. `own`: the words were written by somebody earlier and not sent. `waiting`: the update
    waiting for approval that these words would replace; `approvers`: who may approve; None: everybody else.

    `moment`: what it is about, one of the possible `moments`. `next_update`: when they hear more, as `17:30 UTC`; None:
    no promise. `written_at`: what the times it promises are relative to. `gaps`: outlets that cannot send, and why.
    `broken`: why the organisation's template was not used.
    """

    incident: Incident
    audience: Audience
    moment: Moment
    moments: Sequence[Moment]
    subject: str
    text: str
    own: bool
    written_at: datetime
    where: Sequence[Where]
    gaps: Mapping[Outlet, str]
    waiting: Update | None
    approvers: Sequence[str] | None
    next_update: str | None = None
    broken: str | None = None


class Previews:
    """Writes and sends nothing."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        permissions: Permissions,
        wordings: Wordings,
        publications: Publications,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._permissions = permissions
        self._wordings = wordings
        self._publications = publications

    async def last_told(self, incident: Incident) -> Mapping[str, datetime | None]:
        """When each of the runbook's audiences was last sent something it received; None: never."""
        must_be_tellable(incident)
        async with self._db.transaction() as conn:
            sent = await updates.last_received(conn, incident.id)
        return {key: sent[key].left_at if key in sent else None for key in self._runbook.audiences}

    async def for_audience(
        self, actor: Actor, incident: Incident, audience_name: str, moment: Moment | None = None
    ) -> Preview:
        """What the audience would be told now, or this person's unsent draft, or what somebody wrote that waits for
        approval. Raises Refused.

        `moment`: compose fresh words for this one. Raises OutOfDate if it no longer fits.
        """
        self._permissions.must(actor, "audience.send")
        must_be_tellable(incident)
        audience = audience_called(self._runbook, audience_name)
        async with self._db.transaction() as conn:
            draft = await updates.draft(conn, incident.id, audience.key, actor.name)
            waiting = await updates.waiting(conn, incident.id, audience.key)
            told = (await updates.last_told(conn, incident.id)).get(audience.key)
            due, postmortem = await resolve_by(conn, incident), await postmortems.get(conn, incident.id)
        fitting = moments_now(incident, told)
        if moment and moment not in fitting:
            raise OutOfDate(f"{incident.ref} has changed since you opened this.")
        own = draft or (waiting if waiting and waiting.author != TOCSIN.name else None)
        if own and not moment:
            return self._shown(actor, incident, audience, _said(own), fitting, own=own, waiting=waiting)
        said = self._wordings.compose(
            incident, audience, moment or fitting[0], incident.status, told_before=told is not None and told.reached,
            severity_before=told.severity if told and told.reached else None, resolve_by=due, postmortem=postmortem,
        )  # fmt: skip
        ordered = [moment, *(one for one in fitting if one != moment)] if moment else fitting
        return self._shown(actor, incident, audience, said, ordered, waiting=waiting)

    async def of_update(self, actor: Actor, update_id: int) -> Preview:
        """Unsent words, to be edited and sent. Raises AlreadyDone if they have been sent.

        Composed anew if Tocsin wrote them before the incident ended or was reopened.
        """
        self._permissions.must(actor, "audience.send")
        async with self._db.transaction() as conn:
            update = await updates.get(conn, update_id)
            incident = await incidents.get(conn, update.of_incident)
            waiting = await updates.waiting(conn, incident.id, update.audience)
            told = (await updates.last_told(conn, incident.id)).get(update.audience)
        if update.state == "released":
            raise AlreadyDone(f"This has been sent. To tell them more, type `/incident tell {update.audience}`.")
        if update.author == TOCSIN.name and incident.is_open == (update.moment in ENDS):
            return await self.for_audience(actor, incident, update.audience)
        audience = audience_of(self._runbook, update)
        fitting = moments_now(incident, told)
        return self._shown(actor, incident, audience, _said(update), fitting, own=update, waiting=waiting)

    def _shown(
        self, actor: Actor, incident: Incident, audience: Audience, said: Said, moments: Sequence[Moment], *,
        own: Update | None = None, waiting: Update | None,
    ) -> Preview:  # fmt: skip
        """The first moment, unless earlier words were for another one that still fits."""
        where, now = addresses(audience), self._clock.now()
        moment = own.moment if own and own.moment in moments else moments[0]
        more_at = self._more_at(incident, audience, moment, own, now)
        return Preview(
            incident,
            audience,
            moment,
            sorted(moments, key=MOMENTS.index),
            said.subject,
            said.text,
            own is not None,
            own.promises_since if own else now,
            where,
            {via: gap for via, _ in where if (gap := self._publications.gap(via))},
            waiting,
            self._permissions.others("audience.approve", actor),
            time_shown(more_at, self._runbook.timezone, now) if more_at else None,
            said.broken,
        )

    def _more_at(
        self, incident: Incident, audience: Audience, moment: Moment, own: Update | None, now: datetime
    ) -> datetime | None:
        """When they hear more: as earlier words say, if still ahead, else by the interval."""
        if not owes_time(self._runbook, incident, audience, moment):
            return None
        named = next_promised(own.text, own.promises_since, self._runbook.timezone) if own else None
        return named.at if named and named.at > now else self._wordings.next_update(incident, audience, now)


def _said(update: Update) -> Said:
    return Said(update.subject, update.text)
