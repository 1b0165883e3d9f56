"""What an audience would be told now, shown to who is about to send it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.clock import Clock
from bot.domain.actor import TOCSIN, Actor
from bot.domain.errors import AlreadyDone
from bot.domain.incidents.incident import Incident
from bot.domain.updates.update import ENDS, Outlet, Update, moment_now, must_be_tellable
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.services.people.permissions import Permissions
from bot.services.updates.audiences import Where, addresses, audience_called
from bot.services.updates.publications import Publications
from bot.services.updates.wording import Wordings, resolve_by
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.postmortems import postmortems
from bot.store.updates import updates


@dataclass(frozen=True)
class Preview:
    """What an audience would be told. `own`: words that somebody has written before and that have not left.
    `waiting`: what waits for an approval, of which these words take the place; `approvers`: who may give it, None =
    everybody else.

    `written_at`: since when the times that it promises count.
    `gaps`: outlets by which nothing can leave, and why. `broken`: why the organisation's template was not used.
    """

    incident: Incident
    audience: Audience
    subject: str
    text: str
    own: bool
    written_at: datetime
    where: Sequence[Where]
    gaps: Mapping[Outlet, str]
    waiting: Update | None
    approvers: Sequence[str] | None
    broken: str | None = None


class Previews:
    """Nothing is written and nothing leaves here."""

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
        """Every audience of the runbook, and when what reached it last was sent; None: nothing has."""
        must_be_tellable(incident)
        async with self._db.transaction() as conn:
            sent = await updates.last_received(conn, incident.id)
        return {key: sent[key].left_at if key in sent else None for key in self._runbook.audiences}

    async def for_audience(self, actor: Actor, incident: Incident, audience_name: str) -> Preview:
        """What the audience would be told now, or what this person has written for it and not sent, or what somebody
        has written that waits for an approval. Raises Refused."""
        self._permissions.must(actor, "audience.send")
        must_be_tellable(incident)
        audience = audience_called(self._runbook, audience_name)
        async with self._db.transaction() as conn:
            draft = await updates.draft(conn, incident.id, audience.key, actor.name)
            waiting = await updates.waiting(conn, incident.id, audience.key)
            told = (await updates.last_told(conn, incident.id)).get(audience.key)
            due, postmortem = await resolve_by(conn, incident), await postmortems.get(conn, incident.id)
        own = draft or (waiting if waiting and waiting.author != TOCSIN.name else None)
        if own:
            words = own.subject, own.text
            return self._shown(actor, incident, audience, *words, own_since=own.created_at, waiting=waiting)
        said = self._wordings.compose(
            incident,
            audience,
            moment_now(incident, told),
            incident.status,
            told_before=told is not None and told.reached,
            severity_before=told.severity if told and told.reached else None,
            resolve_by=due,
            postmortem=postmortem,
        )
        shown = self._shown(actor, incident, audience, said.subject, said.text, waiting=waiting)
        return replace(shown, broken=said.broken)

    async def of_update(self, actor: Actor, update_id: int) -> Preview:
        """Words that have not left, to be changed and sent anew. Raises AlreadyDone when they have.

        What Tocsin has composed before the incident ended, or before it was reopened, is composed anew.
        """
        self._permissions.must(actor, "audience.send")
        async with self._db.transaction() as conn:
            update = await updates.get(conn, update_id)
            incident = await incidents.get(conn, update.of_incident)
            waiting = await updates.waiting(conn, incident.id, update.audience)
        if update.state == "released":
            raise AlreadyDone(f"This has been sent. To tell them more, type `/incident tell {update.audience}`.")
        if update.author == TOCSIN.name and incident.is_open == (update.moment in ENDS):
            return await self.for_audience(actor, incident, update.audience)
        audience = audience_called(self._runbook, update.audience)
        words = update.subject, update.text
        return self._shown(actor, incident, audience, *words, own_since=update.created_at, waiting=waiting)

    def _shown(
        self,
        actor: Actor,
        incident: Incident,
        audience: Audience,
        subject: str,
        text: str,
        *,
        own_since: datetime | None = None,
        waiting: Update | None,
    ) -> Preview:
        where = addresses(audience)
        gaps = {via: gap for via, _ in where if (gap := self._publications.gap(via))}
        written_at = own_since or self._clock.now()
        approvers = self._permissions.others("audience.approve", actor)
        own = own_since is not None
        return Preview(incident, audience, subject, text, own, written_at, where, gaps, waiting, approvers)
