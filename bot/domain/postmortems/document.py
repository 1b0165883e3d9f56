"""The content of a post-mortem document, as given to an organisation's own template."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from bot.domain.postmortems.downtime import Outage

Entry = Mapping[str, object]


@dataclass(frozen=True)
class Document:
    """People appear by display name. None or empty: unknown, unwritten, or there is none.

    - `timeline`: {at, who, kind, text}; `phases`: the same as {phase, entries}, a phase being a milestone, '' before
      the first
    - `lasted`: from start to end, less `closed_for`, the time it was resolved before being reopened
    - `pages`: {at, person, tier, way, state, accepted_at, answered_at, error}; the state may be "unknown"
    - `alerts`: {title, level, count, since, until}
    - `downtime` of checks: {check, down, since, until, available, measured, target}; None: its looks have been deleted
    - `updates`: {at, audience, moment, state, sent_at}
    - `promises`, including those before a reopening: {what, by, kept, outcome, at}, the outcome kept, missed or open
    - `gaps`: {kind, person, since, until, length}
    - `actions`: {what, owner, by, priority, link, done_at}
    """

    ref: str
    title: str
    drill: bool
    organisation: str
    severity_id: str
    severity_name: str
    owner: str
    state: str
    version: int
    author: str | None
    started: datetime
    detected: datetime
    declared: datetime
    declared_by: str
    acknowledged: datetime | None
    mitigated: datetime | None
    resolved: datetime | None
    resolved_by: str | None
    lasted: timedelta
    closed_for: timedelta
    roles: Mapping[str, str]
    summary: str
    impact: str
    root_cause: str
    factors: str
    surprise: str
    went_well: str
    went_wrong: str
    lessons: str
    timeline: tuple[Entry, ...]
    phases: tuple[Entry, ...]
    downtime: tuple[Entry, ...] | None
    pages: tuple[Entry, ...]
    updates: tuple[Entry, ...]
    promises: tuple[Entry, ...]
    gaps: tuple[Entry, ...]
    alerts: tuple[Entry, ...]
    alerts_left_out: int
    actions: tuple[Entry, ...]

    @property
    def by_name(self) -> dict[str, object]:
        return {one.name: getattr(self, one.name) for one in fields(self)}


def sample(organisation: str, severity: tuple[str, str], at: datetime) -> Document:
    """One with something in every field, to try a template on."""
    end = at + timedelta(hours=1)
    said = {"at": at, "who": "Ada Obi", "kind": "declared", "text": "Payments failing"}
    return Document(
        "INC-12", "Payments failing", False, organisation, *severity, "Ada Obi", "draft", 2, "Ben Moss", at, at, at,
        "Ada Obi", at + timedelta(minutes=6), end, end, "Ada Obi", end - at, timedelta(0), {"lead": "Ada Obi"},
        "A summary", "Nobody could pay", "A certificate had expired", "", "", "", "", "Watch certificates",
        timeline=(said,), phases=({"phase": "declared", "entries": (said,)},),
        downtime=(vars(Outage("website", end - at, at, end, 99.86, timedelta(days=30), 99.9)),),
        pages=(
            {
                "at": at, "person": "Ada Obi", "tier": "oncall", "way": "Slack", "state": "accepted",
                "accepted_at": at, "answered_at": None, "error": None,
            },
        ),
        updates=({"at": at, "audience": "clients", "moment": "declared", "state": "released", "sent_at": at},),
        promises=({"what": "respond", "by": end, "kept": True, "outcome": "kept", "at": at},),
        gaps=({"kind": "page", "person": "Ada Obi", "since": at, "until": end, "length": end - at},),
        alerts=({"title": "website is down", "level": "critical", "count": 3, "since": at, "until": end},),
        alerts_left_out=0,
        actions=(
            {
                "what": "Watch certificates", "owner": "Ada Obi", "by": end, "priority": "high", "link": None,
                "done_at": None,
            },
        ),
    )  # fmt: skip
