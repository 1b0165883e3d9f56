"""What words for an audience are held against before they leave."""

from bot.domain.incidents.incident import Incident
from bot.domain.updates.lint import Finding, Known, findings
from bot.domain.updates.update import Update
from bot.runbook import Runbook
from bot.runbook.audiences import Audience

INSIDE = "internal"


def found_in(
    runbook: Runbook, incident: Incident, audience: Audience, subject: str, text: str, last: Update | None
) -> list[Finding]:
    """`last`: what reached them last. Each is to be overruled with a reason."""
    severity = runbook.severity_as_declared(incident.severity)
    known = Known(
        names=[person.name for person in runbook.people.values()],
        systems=[*runbook.health.checks, *runbook.backups],
        last=last.text if last else "",
        is_inside=audience.template == INSIDE,
        is_gravest=incident.severity == runbook.severity_ids[0],
        owes_time=incident.is_open and bool(audience.update_every or severity.update_every),
    )
    return findings(subject, text, known)
