"""Checks words for an audience before they leave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from bot.domain.incidents.incident import Incident
from bot.domain.updates.lint import Finding, Known, changes, findings, says_degraded, unattended
from bot.domain.updates.update import GOES_ON, Moment, Update
from bot.runbook import Runbook
from bot.runbook.audiences import Audience
from bot.store.incidents import incidents
from bot.store.pipelined import Connection
from bot.store.updates import updates
from bot.words.audience import Said

INSIDE = "internal"


@dataclass(frozen=True)
class Look:
    """What an approver is shown next to a text: findings, and changes since the last one."""

    found: Sequence[Finding] = field(default_factory=tuple)
    changes: Sequence[str] = field(default_factory=tuple)

    @property
    def digest(self) -> str:
        """A short hash of the findings; empty: there are none."""
        marks = " ".join(sorted(one.mark for one in self.found))
        return sha256(marks.encode()).hexdigest()[:8] if marks else ""


async def look_at(conn: Connection, runbook: Runbook, update: Update) -> Look:
    """Findings and changes for a text waiting for approval. Leaves out promises that have passed since it was written,
    as such texts are renewed."""
    audience = runbook.audiences.get(update.audience)
    if update.state != "waiting" or audience is None or update.incident_id is None:
        return Look()
    last = (await updates.last_received(conn, update.incident_id)).get(update.audience)
    incident, since = await incidents.get(conn, update.incident_id), update.promises_since
    moment, subject, text = update.moment, update.subject, update.text
    found = found_in(runbook, incident, audience, moment, subject, text, last, since=since, now=since)
    return Look(found, changes(last.text, text) if last else ())


def found_in(
    runbook: Runbook,
    incident: Incident,
    audience: Audience,
    moment: Moment,
    subject: str,
    text: str,
    last: Update | None,
    *,
    since: datetime,
    now: datetime,
) -> list[Finding]:
    """`last`: the last text they received; `since`: when this one was written. Each finding can be overruled with a
    reason."""
    severity = runbook.severity_as_declared(incident.severity)
    names, systems = _house(runbook)
    known = Known(
        since=since,
        now=now,
        zone=runbook.timezone,
        names=names,
        systems=systems,
        last=last.text if last else "",
        facts=" ".join([incident.title, incident.impact or "", *map(str, incident.facts.values())]),
        is_inside=audience.template == INSIDE,
        is_degraded=says_degraded(f"{severity.name} {severity.means or ''}"),
        owes_time=owes_time(runbook, incident, audience, moment),
    )
    return findings(subject, text, known)


def found_unattended(
    runbook: Runbook, incident: Incident, audience: Audience, moment: Moment, said: Said, now: datetime
) -> list[Finding]:
    """Findings in a text composed for a moment of the incident."""
    found = found_in(runbook, incident, audience, moment, said.subject, said.text, None, since=now, now=now)
    return unattended(found, goes_on=moment in GOES_ON, is_approved=audience.approval)


def found_in_planned(runbook: Runbook, audience: Audience, words: str, now: datetime) -> list[Finding]:
    """Findings in a text about planned work, typed or composed."""
    known = Known(now, now, runbook.timezone, *_house(runbook), is_inside=audience.template == INSIDE)
    return unattended(findings("", words, known), goes_on=True, is_approved=audience.approval)


def _house(runbook: Runbook) -> tuple[list[str], list[str]]:
    """Names of people, and internal names of systems."""
    return [person.name for person in runbook.people.values()], [*runbook.health.checks, *runbook.backups]


def owes_time(runbook: Runbook, incident: Incident, audience: Audience, moment: Moment) -> bool:
    """Whether readers have to be told when they hear more: while it goes on, if the runbook promises an interval."""
    rhythm = audience.update_every or runbook.severity_as_declared(incident.severity).update_every
    return incident.is_open and moment in GOES_ON and bool(rhythm)
