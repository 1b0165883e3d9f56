"""What answers to commands and buttons claim."""

import re
from datetime import datetime

from tests.torture.evidence import Incident, Page
from tests.torture.told import A_SECOND, DATE, NAMED, REF, Facts, Sentence, Told, moment, sentence


def _declared(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    incident = facts.incident(found[1])
    return (
        incident is not None and incident is told.incident and (incident.severity, incident.title) == found.group(2, 3)
    )


def _has_pages(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    return told.incident is not None and bool(told.incident.pages)


def _is_theirs(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    return bool(facts.answers(facts.incident(found[1]), "acknowledged", told.who))


def _acknowledged_by(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    return bool(facts.answers(facts.incident(found[1]), "acknowledged", found[2]))


def _no_more_pages(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    """True if it was resolved and no step due afterwards paged anybody."""
    incident = facts.incident(found[1])
    ends = facts.answers(incident, "resolved")
    return bool(incident and ends) and not _steps_due(facts, incident, ends[0].at + facts.drift, None)


def _is_resolved(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    return bool(facts.answers(facts.incident(found[1]), "resolved"))


def _is_snoozed(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    incident = facts.incident(found[1])
    own = facts.answers(incident, "snoozed", told.who)
    until = moment(found[2]) - facts.evidence.stepped_by - A_SECOND
    return bool(incident and own) and not _steps_due(facts, incident, own[-1].at + facts.drift, until)


def _nobody_about(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    incident = facts.incident(found[1])
    return incident is not None and not _steps_due(facts, incident, told.at + facts.drift, None)


def _steps_due(facts: Facts, incident: Incident | None, since: datetime, until: datetime | None) -> list[Page]:
    """The ladder's automatic steps, without pages by hand."""
    made = incident.pages if incident else []
    called = [one.at for one in facts.answers(incident, "escalated") if one.actor != "tocsin"]
    own = [page for page in made if page.step >= 0 and not any(abs(page.due_at - at) < facts.drift for at in called)]
    return [page for page in own if page.due_at > since and (until is None or page.due_at < until)]


def _tier_called(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    incident = facts.incident(found[2])
    made = facts.of_tier(incident, found[1]) if incident else []
    return bool(made) and bool(facts.answers(incident, "escalated", told.who))


def _called(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    incident = facts.incident(found[2])
    made = [page for page in incident.pages if page.step < 0] if incident else []
    return all(facts.named(made, name) for name in found[1].split(", "))


def _always(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    """What is not of an outcome, or is judged by what the same person was told before and after."""
    return True


def _nothing_there(facts: Facts, told: Told, found: re.Match[str]) -> bool:
    return facts.incident(found[1]) is None


ANSWERS: tuple[Sentence, ...] = (
    sentence(rf"\*{REF}\* declared as (P\d): (.+)$", _declared),
    sentence(r"^Paging now\.", _has_pages),
    sentence(rf"\*{REF}\* acknowledged: it's yours\.", _is_theirs),
    sentence(rf"^{REF} is already acknowledged by {NAMED}\.$", _acknowledged_by),
    sentence(rf"\*{REF}\* is snoozed: no more pages before {DATE}\.", _is_snoozed),
    sentence(rf"Nobody is about to be paged for {REF}", _nobody_about),
    sentence(rf"\*{REF}\* resolved: no more pages\.", _no_more_pages),
    sentence(rf"{REF} is already resolved", _is_resolved),
    sentence(rf"^{REF} is resolved", _is_resolved),
    sentence(rf"\*(.+?)\* is being paged for {REF}; the card", _tier_called),
    sentence(rf"^{NAMED} (?:is|are) being paged for {REF}\.", _called),
    sentence(rf"Nobody left to page for {REF}\.", _nobody_about),
    sentence(rf"(?:There is no|no such).*{REF}", _nothing_there),
    # What was recorded and what was not is judged by the whole of what somebody was told: see the checker.
    sentence(r"Nothing was recorded|whether this was recorded|\*Recorded:\*|Not done, and won't", _always),
    sentence(r"\*Late:\*|\*Done:\*|\*Done, but the answer was lost:\*|\*Not done yet:\*", _always),
)  # fmt: skip
