"""Alerts, the groups that share a card, and what happens to them with time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.alerts.received import LEVELS, Level
from bot.domain.errors import AlreadyDone
from bot.domain.incidents.incident import Incident

# A critical alert pages people if nobody has acknowledged it within this.
PAGE_AFTER = timedelta(minutes=5)
# An end that another sender contradicts for this long is taken back.
CONTRADICTED_FOR = timedelta(minutes=5)
# A source that repeats firing alerts does so within this; later, one reported only once is old news.
STALE_AFTER = timedelta(hours=24)
# A start time further in the past than this is not believed.
BELIEVED_FOR = timedelta(days=365)
# From this group size on, not every delivery is looked at, as a look takes a few milliseconds.
LARGE = 100
SHORTEST_REST = timedelta(seconds=1)
LOOKED_AT_PER_S = 1_000
# Fingerprint for payloads that could not be parsed: one card per source, until somebody closes it.
NOT_UNDERSTOOD = "not understood"
# Sources of our own, which also report when an alert is over.
OWN_SOURCES = frozenset({"heartbeat", "health", "backup"})


@dataclass(frozen=True)
class Alert:
    """An alert from its first firing to its end; `count`: how often it was reported in between.

    `risen_at`: when it began or got worse. `expires_at`: the end of an alert whose source never reports one; None: its
    source does. `source_group`, `starts_at` and `told_by` are as given by the source. `unlisted`: it ended by being
    left out of its group's listing. `delivery_id`: what reported it last; None: not kept, or raised by Tocsin itself.
    `silence_ids`: every silence that has muted it.
    """

    id: int
    group_id: int
    source: str
    fingerprint: str
    title: str
    severity: str | None
    description: str
    url: str | None
    runbook_url: str | None
    labels: Mapping[str, str]
    level: Level
    flagged: bool
    declares: str | None
    procedure: str | None
    count: int
    first_at: datetime
    risen_at: datetime
    last_at: datetime
    expires_at: datetime | None
    resolved_at: datetime | None
    source_group: str | None = None
    starts_at: datetime | None = None
    unlisted: bool = False
    told_by: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    measured: Mapping[str, str] = field(default_factory=dict)
    delivery_id: int | None = None
    silence_ids: Sequence[int] = ()

    @property
    def is_firing(self) -> bool:
        return self.resolved_at is None

    @property
    def is_not_understood(self) -> bool:
        """Its payload could not be parsed, so nobody knows whether anything fires."""
        return self.fingerprint == NOT_UNDERSTOOD

    @property
    def began_at(self) -> datetime:
        """The source's start time if earlier than ours; ignored if implausibly early (clock skew)."""
        is_known = self.starts_at is not None and self.first_at - BELIEVED_FOR < self.starts_at < self.first_at
        return self.starts_at if is_known and self.starts_at else self.first_at


@dataclass(frozen=True)
class Group:
    """The alerts of one card, from the first one firing until none does.

    `quiet`: below the threshold of their rule, so nobody is told. `told`: outlets told already. `hidden`: alerts the
    source left out of its payload. `silence_id`: the current or last silence; `silence_ids`: all it was ever under.
    `closed_by` None: its source ended it. `history_at`: how far the card's thread reaches; None: no thread yet.
    `rests_until`: changes before this are looked at together then. People are a runbook key, else a Slack id;
    `acknowledged_by` may be the source itself, for an acknowledgement made there.
    """

    id: int
    source: str
    key: str
    quiet: bool
    told: tuple[str, ...]
    opened_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    incident_id: int | None
    silenced_by: str | None
    silenced_until: datetime | None
    page_at: datetime | None
    due_at: datetime | None
    closed_at: datetime | None
    hidden: int = 0
    closed_by: str | None = None
    silence_id: int | None = None
    silence_ids: tuple[int, ...] = ()
    history_at: datetime | None = None
    rests_until: datetime | None = None

    @property
    def is_acknowledged_there(self) -> bool:
        """Its source reports an acknowledgement, and nobody here has acknowledged."""
        return self.acknowledged_by == self.source

    def is_silenced(self, now: datetime) -> bool:
        return self.silenced_until is not None and self.silenced_until > now


@dataclass(frozen=True)
class GroupStanding:
    """A group with its alerts, oldest first and at least one, and its incident.

    `alerts`: those firing or, once none is, those that were.
    """

    group: Group
    alerts: Sequence[Alert]
    incident: Incident | None = None

    @property
    def firing(self) -> list[Alert]:
        return [alert for alert in self.alerts if alert.is_firing]

    @property
    def is_over(self) -> bool:
        return not self.firing and not self.group.hidden

    @property
    def is_hidden(self) -> bool:
        """Everything shown has ended, but hidden alerts may still fire: only a person can declare it over."""
        return not self.firing and self.group.hidden > 0

    @property
    def standing_for(self) -> Sequence[Alert]:
        """The firing alerts; if only hidden ones may fire, the alerts shown take their place."""
        return self.alerts if self.is_hidden else self.firing

    @property
    def unacknowledged(self) -> list[Alert]:
        """An acknowledgement covers what fired then, at its level then; alerts begun or worsened since are
        unacknowledged."""
        at = self.group.acknowledged_at
        return [alert for alert in self.standing_for if at is None or alert.risen_at > at]

    @property
    def unanswered(self) -> list[Alert]:
        """Unacknowledged alerts not covered by an incident, whether open or ended after they fired."""
        if self.has_open_incident:
            return []
        ended_at = self.incident.resolved_at if self.incident else None
        return [alert for alert in self.unacknowledged if ended_at is None or alert.risen_at > ended_at]

    @property
    def has_open_incident(self) -> bool:
        return self.incident is not None and self.incident.is_open

    @property
    def lead(self) -> Alert:
        """The alert that represents the group: the gravest, then the oldest."""
        return min(self.alerts, key=lambda alert: (LEVELS.index(alert.level), alert.id))

    @property
    def level(self) -> Level:
        return self.lead.level

    @property
    def gravest_first(self) -> list[Alert]:
        """Gravest first, then unacknowledged ones, then oldest."""
        open_ones = {alert.id for alert in self.unacknowledged}
        return sorted(self.alerts, key=lambda one: (LEVELS.index(one.level), one.id not in open_ones, one.id))

    @property
    def began_at(self) -> datetime:
        """When the first one began to fire, which may be before we were told."""
        return min(self.group.opened_at, *(alert.began_at for alert in self.alerts))

    @property
    def is_own(self) -> bool:
        """Raised by Tocsin itself, and up to date while it fires."""
        return self.group.source in OWN_SOURCES

    @property
    def stale_at(self) -> datetime | None:
        """When the source has been silent for so long that nobody knows whether it still fires; None: never."""
        if self.group.closed_at or self.is_own or not self.firing:
            return None
        return max(alert.last_at for alert in self.firing) + STALE_AFTER

    @property
    def can_be_closed(self) -> bool:
        """Whether a person may close it. Not our own, which end by themselves, nor before it has been acknowledged."""
        if self.group.closed_at or self.is_own:
            return False
        return self.is_hidden or not self.unacknowledged

    @property
    def declares(self) -> str | None:
        """The severity to declare, by one of its alerts' rules; None: none."""
        return next((alert.declares for alert in self.unanswered or self.alerts if alert.declares), None)

    @property
    def procedure(self) -> str | None:
        return next((alert.procedure for alert in self.alerts if alert.procedure), None)

    @property
    def runbook_url(self) -> str | None:
        return next((alert.runbook_url for alert in self.alerts if alert.runbook_url), None)

    @property
    def count(self) -> int:
        """The largest number of reports among its alerts."""
        return max(alert.count for alert in self.alerts)

    @property
    def last_at(self) -> datetime:
        return max(alert.last_at for alert in self.alerts)

    @property
    def labels(self) -> dict[str, str]:
        """Labels all its alerts share."""
        first, *others = (alert.labels for alert in self.alerts)
        return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def page_at(standing: GroupStanding, now: datetime) -> datetime | None:
    """When people are paged about critical unanswered alerts; None: there are none. A silence only delays it."""
    group = standing.group
    if group.quiet or all(alert.level != "critical" for alert in standing.unanswered):
        return None
    at = group.page_at or now + PAGE_AFTER
    return max(at, group.silenced_until) if group.silenced_until else at


def look_again_at(standing: GroupStanding, page: datetime | None, now: datetime) -> datetime | None:
    """When the group next changes by itself: a page, the end of its silence or of an alert, going stale."""
    ends = [alert.expires_at for alert in standing.firing]
    stale_at = standing.stale_at if standing.stale_at and standing.stale_at > now else None
    moments = (page, standing.group.silenced_until, stale_at, *ends)
    return min((at for at in moments if at is not None), default=None)


def rests_until(standing: GroupStanding, now: datetime) -> datetime | None:
    """Until when further reports about a large group wait, to be looked at together; None: look at each delivery.

    A look costs time in proportion to the group: without rests, each of many deliveries would take longer than the
    last.
    """
    count = len(standing.alerts)
    return None if count < LARGE else now + max(SHORTEST_REST, timedelta(seconds=count / LOOKED_AT_PER_S))


def newly_told(standing: GroupStanding, outlets: Iterable[str], now: datetime) -> list[str]:
    """Outlets to tell now: each once, and none while the group is quiet or silenced."""
    group = standing.group
    if group.quiet or group.is_silenced(now) or standing.is_over:
        return []
    return [outlet for outlet in outlets if outlet not in group.told]


def must_be_firing(group: Group, deed: str) -> None:
    if group.closed_at:
        raise AlreadyDone(f"This alert is already resolved, so there is nothing to {deed}.")
