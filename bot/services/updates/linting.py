"""What words for an audience are held against before they leave."""

from bot.domain.incidents.incident import Incident
from bot.domain.updates.lint import Finding, Known, findings, says_degraded
from bot.domain.updates.update import GOES_ON, Moment, Update
from bot.runbook import Runbook
from bot.runbook.audiences import Audience

INSIDE = "internal"


def found_in(
    runbook: Runbook,
    incident: Incident,
    audience: Audience,
    moment: Moment,
    subject: str,
    text: str,
    last: Update | None,
) -> list[Finding]:
    """`last`: what reached them last. Each is to be overruled with a reason."""
    severity = runbook.severity_as_declared(incident.severity)
    known = Known(
        names=[person.name for person in runbook.people.values()],
        systems=[*runbook.health.checks, *runbook.backups],
        last=last.text if last else "",
        facts=" ".join([incident.title, incident.impact or "", *map(str, incident.facts.values())]),
        is_inside=audience.template == INSIDE,
        is_degraded=says_degraded(f"{severity.name} {severity.means or ''}"),
        owes_time=owes_time(runbook, incident, audience, moment),
    )
    return findings(subject, text, known)


def owes_time(runbook: Runbook, incident: Incident, audience: Audience, moment: Moment) -> bool:
    """Whether they are to read when they hear more: while it goes on, where the runbook promises a rhythm."""
    rhythm = audience.update_every or runbook.severity_as_declared(incident.severity).update_every
    return incident.is_open and moment in GOES_ON and bool(rhythm)
