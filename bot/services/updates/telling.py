"""Somebody tells an audience about an incident, in their own words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, NotPermitted, Refused
from bot.domain.incidents.incident import Incident
from bot.domain.updates.lint import Finding, unexplained
from bot.domain.updates.promises import next_promised, time_said
from bot.domain.updates.update import (
    Doubtful,
    Moment,
    OutOfDate,
    Update,
    facts_of,
    moment_now,
    moments_now,
    must_be_confirmed,
    must_be_tellable,
    words_of,
)
from bot.rendering import Rendering, time_shown
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.services.people.permissions import Permissions
from bot.services.updates.audiences import audience_called
from bot.services.updates.linting import found_in
from bot.services.updates.releases import Releases
from bot.store import audit, requests
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.updates import updates
from bot.store.updates.updates import NewUpdate

# A time of day further in the past than this probably means the next day.
SAME_DAY = timedelta(hours=12)


@dataclass(frozen=True)
class Words:
    """Words as submitted. `moment` None: whatever the audience would be told now. `why`: they leave despite the
    findings with these `marks`, which the author was shown."""

    audience: str
    moment: Moment | None
    subject: str
    text: str
    written_at: datetime
    why: str = ""
    marks: Collection[str] = ()


class Telling:
    """Words that are refused are kept as their author's draft for that audience."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        permissions: Permissions,
        releases: Releases,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._permissions = permissions
        self._releases = releases
        self._rendering = rendering

    async def tell(
        self, actor: Actor, incident_id: int, audience_name: str, subject: str, text: str, *,
        moment: Moment | None = None, next_update: str = "", offered: str = "", seen: str = "",
        written_at: datetime | None = None, why: str = "", marks: Collection[str] = (),
    ) -> None:  # fmt: skip
        """Send it, or ask for approval first. If refused, keep the words as this person's draft.

        `moment` None: whatever they would be told now. `next_update`: when they hear more, as `17:30`; `offered`: its
        prefilled value. `seen`: `facts_of` the incident as shown; raises OutOfDate if it has changed. `why`: send
        despite the findings with these `marks`; raises Doubtful for any others. `written_at`: as in the preview; None:
        now.
        """
        written_at = max(written_at or self._clock.now(), self._clock.now() - SAME_DAY)
        words = Words(audience_name, moment, subject, text, written_at, why.strip(), marks)
        try:
            must_be_confirmed(subject, text)
            words = replace(words, text=self.with_time(text, written_at, next_update, offered))
            await self._tell(actor, incident_id, words, seen)
        except AlreadyDone:
            raise
        except Refused as refusal:
            kept = await self._keep(actor, incident_id, words)
            if not kept or isinstance(refusal, Doubtful):
                raise
            raise type(refusal)(f"{refusal} {_kept_as(refusal, audience_name)}") from refusal

    def with_time(self, text: str, since: datetime, next_update: str, offered: str) -> str:
        """The text with the form's time: appended if it names none, else replacing the time it was composed with.
        Raises Refused if it names another."""
        next_update, offered = next_update.strip(), offered.strip()
        zone, now = self._runbook.timezone, self._clock.now()
        wanted = time_said(next_update, since, zone)
        if wanted is None:
            return text
        shown = time_shown(wanted, zone, since)
        named = next_promised(text, since, zone)
        if named is None:
            if offered and offered in text:
                return text.replace(offered, shown)
            return f"{text.rstrip()}\n\n{self._rendering.say('documents/next_update', by=shown)}"
        if next_update == offered or named.at == wanted:
            return text
        if named.at > now and named.at != time_said(offered, since, zone):
            raise Refused(
                f"Not sent: the text says {named.words}, and “Next update by” says {shown}. Give one time in both."
            )
        return f"{text[: named.begins]}{shown}{text[named.ends :]}"

    async def _tell(self, actor: Actor, incident_id: int, words: Words, seen: str) -> None:
        self._permissions.must(actor, "audience.send")
        audience = audience_called(self._runbook, words.audience)
        subject, text = words_of(words.subject, words.text)
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            incident, now = await incidents.lock(conn, incident_id), self._clock.now()
            must_be_tellable(incident)
            if seen and seen != facts_of(incident):
                raise OutOfDate(f"{incident.ref} has changed since you opened this.")
            told = (await updates.last_told(conn, incident.id)).get(audience.key)
            moment = words.moment or moment_now(incident, told)
            if moment not in moments_now(incident, told):
                raise OutOfDate(f"{incident.ref} has changed since you opened this.")
            last = (await updates.last_received(conn, incident.id)).get(audience.key)
            found = found_in(
                self._runbook, incident, audience, moment, subject, text, last, since=words.written_at, now=now
            )
            _must_be_explained(found, words)
            new = _written(incident, audience, moment, actor, subject, text)
            why, marks = (words.why, [one.mark for one in found]) if found else (None, [])
            new = replace(new, written_at=words.written_at, overruled=why, overruled_for=marks)
            update = await updates.insert(conn, new, "composing", now)
            if found:
                await self._note_overruled(conn, incident, update, found, now)
            await updates.drop_draft(conn, incident.id, audience.key, actor.name)
            await self._releases.release_or_ask(conn, update, incident)

    async def _note_overruled(
        self, conn: Connection, incident: Incident, update: Update, found: Sequence[Finding], now: datetime
    ) -> None:
        """Record it in the timeline and audit log, without the finding itself, which may be a secret."""
        entry = self._rendering.say("documents/overruled", audience=update.audience, why=update.overruled)
        await incidents.write(conn, incident.id, "system", entry, actor=update.author, at=now)
        subject = f"{incident.ref} {update.audience}"
        facts = {"update": update.id, "text": update.digest, "why": update.overruled}
        facts["found"] = [one.doubt for one in found]
        await audit.write(conn, actor=update.author, deed="audience.overrule", subject=subject, at=now, facts=facts)

    async def _keep(self, actor: Actor, incident_id: int, words: Words) -> bool:
        """Keep the words as a draft; False when there is no audience to keep it for."""
        try:
            audience = audience_called(self._runbook, words.audience)
        except NotFound:
            return False
        async with self._db.transaction() as conn:
            incident = await incidents.get(conn, incident_id)
            new = _written(incident, audience, words.moment or "update", actor, words.subject, words.text)
            await updates.keep_draft(conn, new, words.written_at)
        return True


def _must_be_explained(found: Sequence[Finding], words: Words) -> None:
    """Raise Doubtful for findings the reason was not given for: it covers only what its author was shown."""
    open_still = unexplained(found, words.marks if words.why else ())
    if open_still:
        raise Doubtful(found, [one for one in found if one not in open_still])


def _written(
    incident: Incident, audience: Audience, moment: Moment, actor: Actor, subject: str, text: str
) -> NewUpdate:
    """A new update with the incident's current facts, against which later changes are judged."""
    return NewUpdate(
        incident.id, audience.key, moment, incident.status, incident.severity, actor.name, subject, text, actor.slack_id
    )


def _kept_as(refusal: Refused, audience_name: str) -> str:
    once = " once the runbook lets you" if isinstance(refusal, NotPermitted) else ""
    return f"Your words are kept: `/incident tell {audience_name}` shows them again{once}."
