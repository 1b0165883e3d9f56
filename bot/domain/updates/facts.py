"""Facts given to templates for audiences, and samples."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.incidents.incident import Status
from bot.domain.updates.update import ENDS, MOMENTS, NOTICES, Moment


@dataclass(frozen=True)
class SeverityFacts:
    """`means`: the runbook's description, such as "Complete outage"."""

    id: str
    name: str
    means: str | None = None


@dataclass(frozen=True)
class Facts:
    """None: unknown. `docs/templates.md` describes each; times are aware.

    `now`: when the text is made. `told_before`: these readers know of the incident. `graver`: at the moment `severity`,
    whether it is graver than they know. `latest`, `conditions`, `actions`, `needs`: from the last `/incident update`.
    """

    moment: Moment
    organisation: str
    title: str
    ref: str
    severity: SeverityFacts
    status: Status
    declared_at: datetime
    now: datetime
    is_open: bool = True
    told_before: bool = True
    from_alert: bool = False
    severity_before: str | None = None
    graver: bool | None = None
    impact: str | None = None
    lead: str | None = None
    room: str | None = None
    latest: str | None = None
    conditions: str | None = None
    actions: str | None = None
    needs: str | None = None
    next_update: datetime | None = None
    resolve_by: datetime | None = None
    resolved_at: datetime | None = None
    lasted: timedelta | None = None
    summary: str | None = None
    postmortem_follows: bool = False
    postmortem_link: str | None = None

    @property
    def in_general(self) -> "Facts":
        """Without anything people typed: the severity's meaning stands in for the title."""
        title = self.severity.means or self.severity.name or self.ref
        return replace(
            self, title=title, from_alert=True, impact=None, latest=None, conditions=None, actions=None, needs=None,
            summary=None,
        )  # fmt: skip

    @property
    def by_name(self) -> Mapping[str, object]:
        return dict(vars(self))


def samples(organisation: str, severity: SeverityFacts, at: datetime) -> Iterator[Facts]:
    """Every moment with all facts known at that time, to preview a template."""
    known = Facts(
        moment="declared", organisation=organisation, title="Payments failing", ref="INC-12", severity=severity,
        status="investigating", declared_at=at, now=at, impact="Nobody can pay by card", lead="Ada Obi",
        room="inc-2026-01-05-payments-failing", latest="We found the cause", conditions="Payments by card fail",
        actions="Rolling back the last release", needs="Somebody who knows the payment provider",
        next_update=at + timedelta(minutes=30), resolve_by=at + timedelta(hours=4),
    )  # fmt: skip
    for moment in MOMENTS:
        yield _at(moment, known)


def _at(moment: Moment, known: Facts) -> Facts:
    over = known.declared_at + timedelta(hours=1, minutes=30)
    if moment in (*ENDS, "postmortem"):
        return replace(
            known, moment=moment, status="resolved", is_open=False, resolved_at=over, now=over,
            lasted=over - known.declared_at, next_update=None, resolve_by=None, summary="Rolled back the last release",
            postmortem_follows=True,
            postmortem_link="https://example.com/post-mortems/12" if moment in NOTICES else None,
        )  # fmt: skip
    if moment == "severity":
        return replace(known, moment=moment, severity_before="P2", graver=True)
    status: Status = "investigating" if moment in ("declared", "reopened") else "identified"
    return replace(known, moment=moment, status=status, told_before=moment != "declared")
