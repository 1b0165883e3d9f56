"""What people do with a post-mortem: begin it, write it, plan and request its review, finish or waive it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, Refused, TocsinError
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.action import link_of
from bot.domain.postmortems.postmortem import (
    Postmortem,
    must_be_live,
    must_be_written,
    reason_of,
)
from bot.domain.postmortems.sections import SECTIONS, Merged, Written, cleaned, merged
from bot.services.postmortems.cards import facts
from bot.services.postmortems.files import PostmortemFiles
from bot.services.postmortems.invitations import Invitations
from bot.services.postmortems.ledger import Ledger
from bot.services.postmortems.news import News
from bot.services.postmortems.obligations import Obligations
from bot.services.rooms.deeds import Deeds
from bot.store.database import Database
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems
from bot.store.postmortems.postmortems import Version


@dataclass(frozen=True)
class Page:
    """The text as shown to an editor. `version` 0: nobody has written yet, so it has the incident's own words."""

    postmortem: Postmortem
    version: int
    sections: Written


class Clash(TocsinError):
    """Somebody else changed the same sections meanwhile; nothing was saved. `theirs`: the version stored now."""

    def __init__(self, merged: Merged, theirs: Version) -> None:
        super().__init__(f"{theirs.author} wrote at the same time")
        self.merged = merged
        self.theirs = theirs


class Postmortems:
    """Every deed is one transaction, idempotent per request."""

    def __init__(
        self,
        db: Database,
        deeds: Deeds,
        obligations: Obligations,
        ledger: Ledger,
        files: PostmortemFiles,
        news: News,
        *,
        invitations: Invitations,
    ) -> None:
        self._db = db
        self._deeds = deeds
        self._obligations = obligations
        self._ledger = ledger
        self._files = files
        self._news = news
        self._invitations = invitations

    async def of(self, incident: Incident) -> Postmortem | None:
        """The incident's post-mortem, even if withdrawn; None if it has none."""
        async with self._db.statement() as conn:
            return await postmortems.get(conn, incident.id)

    async def shown(self, incident: Incident, postmortem: Postmortem) -> Mapping[str, Any]:
        """The variables of its card's template."""
        async with self._db.statement() as conn:
            return await facts(conn, incident, postmortem)

    async def begin_or_show(self, actor: Actor, incident: Incident) -> Postmortem:
        """The existing post-mortem, otherwise a new one. Raises Refused while the incident is open."""
        known = await self.of(incident)
        return known if known and known.withdrawn_at is None else await self.begin(actor, incident.id)

    async def begin(self, actor: Actor, incident_id: int) -> Postmortem:
        """Begin one although none is owed, or it was waived; returns one under way as it is.

        Raises Refused while the incident is open, AlreadyDone if it is done.
        """
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            if incident.is_open:
                raise Refused(
                    f"{incident.ref} is still open. Its post-mortem begins when it's resolved; until then "
                    "`/incident note <text>` keeps what should be in it."
                )
            known = await postmortems.get(conn, incident.id)
            if known and not known.is_over:
                return known
            if known and known.state == "done":
                raise AlreadyDone(f"The post-mortem of {incident.ref} is done.")
            new = await self._obligations.begin(conn, incident, now)
            if known:
                new = replace(new, version=known.version, reasons=known.reasons, owner=known.owner)
                new = replace(new, link=known.link, canvas=known.canvas)
            return await self._ledger.keep(conn, incident, new, actor, "begun", now)

    async def page(self, incident: Incident, version: int | None = None) -> Page:
        """Its text as of `version`; None: the newest. Raises NotFound; Refused when it is withdrawn or over."""
        async with self._db.statement() as conn:
            known = await _found(conn, incident)
            must_be_live(known, incident)
            return await _page(conn, incident, known, known.version if version is None else version)

    async def write(self, actor: Actor, incident_id: int, seen: int, values: Mapping[str, str]) -> Postmortem:
        """Save an edit made on top of version `seen`, merged by section with what was saved since.

        Raises Clash when the same section was changed by somebody else, Refused.
        """
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            known = await _found(conn, incident)
            must_be_live(known, incident)
            was = await _page(conn, incident, known, seen)
            now_there = await _page(conn, incident, known, known.version)
            found = merged(was.sections, now_there.sections, cleaned(values))
            theirs = await postmortems.version(conn, incident.id, known.version)
            if found.conflicts and theirs:
                raise Clash(found, theirs)
            if theirs and found.sections == {**dict.fromkeys(SECTIONS, ""), **theirs.sections}:
                raise AlreadyDone("It says that already. Nothing was changed.")
            number = known.version + 1
            await postmortems.write(conn, incident.id, Version(number, actor.name, now, found.sections))
            state = "draft" if known.state == "owed" else known.state
            written = replace(known.moved(state, now), version=number)
            return await self._ledger.keep(conn, incident, written, actor, "written", now)

    async def plan(
        self,
        actor: Actor,
        incident_id: int,
        *,
        at: datetime | None = None,
        owner: str | None = None,
        link: str | None = None,
    ) -> Postmortem:
        """Set when the review meeting is, who owns it, or where it is kept; None: unchanged. Raises Refused."""
        async with self._deeds.on(actor, incident_id, to=owner) as (conn, incident, now):
            known = await _found(conn, incident)
            must_be_live(known, incident)
            if at is not None and at <= now:
                raise Refused("That time is past. Type a later one, such as `tomorrow 14:00`.")
            kept = link_of(link) if link is not None else known.link
            new = replace(known, owner=owner or known.owner, scheduled_at=at or known.scheduled_at, link=kept)
            if new == known:
                raise AlreadyDone("That is how it's set already. Nothing was changed.")
            change = "scheduled" if at else "owner" if new.owner != known.owner else "link"
            if change != "link":
                await self._news.changed(conn, incident, new, actor, change)
            if at:
                await self._invitations.post(conn, incident, actor, at, new.owner)
            return await self._ledger.keep(conn, incident, new.moved(new.state, now), actor, change, now)

    async def send(self, actor: Actor, incident_id: int) -> Postmortem:
        """Send it for review, and post it as a file. Raises Refused."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            known = await _found(conn, incident)
            must_be_written(known, incident)
            sent = replace(known.moved("in_review", now), sent_by=actor.name, sent_at=now)
            await self._news.changed(conn, incident, sent, actor, "sent")
            await self._files.post(conn, incident, actor, known.version)
            return await self._ledger.keep(conn, incident, sent, actor, "sent", now)

    async def done(self, actor: Actor, incident_id: int) -> Postmortem:
        """Mark it as done, and announce it in the incidents channel. Raises Refused."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            known = await _found(conn, incident)
            must_be_live(known, incident)
            over = replace(known.moved("done", now), ended_by=actor.name, ended_at=now)
            await self._news.changed(conn, incident, over, actor, "done")
            await self._news.announce(conn, incident, over)
            return await self._ledger.keep(conn, incident, over, actor, "done", now)

    async def waive(self, actor: Actor, incident_id: int, why: str) -> Postmortem:
        """Record that none will be written. Raises Refused without a reason."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            known = await _found(conn, incident)
            must_be_live(known, incident)
            reason = reason_of(why)
            over = replace(known.moved("waived", now), ended_by=actor.name, ended_at=now, reason=reason)
            await self._news.changed(conn, incident, over, actor, "waived")
            return await self._ledger.keep(conn, incident, over, actor, "waived", now)


async def _found(conn: Connection, incident: Incident) -> Postmortem:
    if known := await postmortems.get(conn, incident.id):
        return known
    raise NotFound(f"{incident.ref} has no post-mortem. `/incident postmortem {incident.ref}` begins one.")


async def _page(conn: Connection, incident: Incident, known: Postmortem, number: int) -> Page:
    version = await postmortems.version(conn, incident.id, number) if number else None
    usual = {"summary": incident.summary or "", "impact": incident.impact or ""}
    sections = version.sections if version else usual
    return Page(known, number, {**dict.fromkeys(SECTIONS, ""), **sections})
