"""What is known of an alert, how the alerts of one card stand together, and what happens to them by themselves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.alerts.received import LEVELS, Level
from bot.domain.errors import AlreadyDone
from bot.domain.incidents.incident import Incident

# A critical alert that nobody has acknowledged by then pages people.
PAGE_AFTER = timedelta(minutes=5)
# An end that another sender contradicts for so long was none.
CONTRADICTED_FOR = timedelta(minutes=5)
# Whoever repeats what fires does so within this; what is told once only is old news by then.
STALE_AFTER = timedelta(hours=24)
# What its source says has fired for longer has not.
BELIEVED_FOR = timedelta(days=365)
# Of a group of at least so many alerts not every delivery is looked at: that takes a few milliseconds.
LARGE = 100
SHORTEST_REST = timedelta(seconds=1)
LOOKED_AT_PER_S = 1_000
# Of what a source sent and nobody here can read: one card a source, until somebody closes it.
NOT_UNDERSTOOD = "not understood"
# Told by this house itself, also when it is over.
OWN_SOURCES = frozenset({"heartbeat", "health", "backup"})


@dataclass(frozen=True)
class Alert:
    """An alert from its first firing to its end; `count` says how often it was told in between.

    `risen_at` is when it began, or became graver. `expires_at` is the end of one that is never told to be over, None =
    its source says so. `source_group`, `starts_at` and `told_by` are its source's own words. `unlisted`: nobody told
    its end, its group was told without it. `delivery_id`: what told it last, None = not kept, or told by this house.
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

    @property
    def is_firing(self) -> bool:
        return self.resolved_at is None

    @property
    def is_not_understood(self) -> bool:
        """It tells of what nobody here can read: whether anything fires is not known."""
        return self.fingerprint == NOT_UNDERSTOOD

    @property
    def began_at(self) -> datetime:
        """By its source's clock, when this house was told later; of a clock that is far off nothing is believed."""
        is_known = self.starts_at is not None and self.first_at - BELIEVED_FOR < self.starts_at < self.first_at
        return self.starts_at if is_known and self.starts_at else self.first_at


@dataclass(frozen=True)
class Group:
    """The alerts of one card, from the first one that fires until none does.

    `quiet`: fewer than their rule waits for, so nobody is told. `told`: where it has been told already. `hidden`: how
    many more of its alerts the source has not shown. `silence_id`: what mutes it, or did last; `silence_ids`: whatever
    ever did. `closed_by`: None = it ended by its source's word. `history_at`: up to when the card's thread tells,
    None = nothing yet. `rests_until`: what is told of it before then is looked at then. People are a runbook key, else
    a Slack id; in `acknowledged_by` the source stands for its sender.
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
        """Its sender says that somebody has acknowledged it, and nobody here has."""
        return self.acknowledged_by == self.source

    def is_silenced(self, now: datetime) -> bool:
        return self.silenced_until is not None and self.silenced_until > now


@dataclass(frozen=True)
class GroupStanding:
    """A group with its alerts, the oldest first and never none, and the incident it belongs to.

    `alerts` are those that fire, or once none does, those that did.
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
        """All that was shown of it has ended, what was not shown may fire: only a person can say that it is over."""
        return not self.firing and self.group.hidden > 0

    @property
    def standing_for(self) -> Sequence[Alert]:
        """Those that fire. Of what is hidden nothing is known, so those that were shown stand for it."""
        return self.alerts if self.is_hidden else self.firing

    @property
    def unacknowledged(self) -> list[Alert]:
        """An acknowledgement is for what fired then, as bad as it was: nobody has answered to what came later."""
        at = self.group.acknowledged_at
        return [alert for alert in self.standing_for if at is None or alert.risen_at > at]

    @property
    def unanswered(self) -> list[Alert]:
        """Of those, what no incident is about: neither an open one, nor one that ended when it fired already."""
        if self.has_open_incident:
            return []
        ended_at = self.incident.resolved_at if self.incident else None
        return [alert for alert in self.unacknowledged if ended_at is None or alert.risen_at > ended_at]

    @property
    def has_open_incident(self) -> bool:
        return self.incident is not None and self.incident.is_open

    @property
    def lead(self) -> Alert:
        """The alert that stands for all: the gravest, and of those the oldest."""
        return min(self.alerts, key=lambda alert: (LEVELS.index(alert.level), alert.id))

    @property
    def level(self) -> Level:
        return self.lead.level

    @property
    def gravest_first(self) -> list[Alert]:
        """And of those that are as grave, what nobody has acknowledged, and then the oldest."""
        open_ones = {alert.id for alert in self.unacknowledged}
        return sorted(self.alerts, key=lambda one: (LEVELS.index(one.level), one.id not in open_ones, one.id))

    @property
    def began_at(self) -> datetime:
        """When the first of them began to fire, which may be before this house was told."""
        return min(self.group.opened_at, *(alert.began_at for alert in self.alerts))

    @property
    def is_own(self) -> bool:
        """Told by this house itself, of how things stand while it fires."""
        return self.group.source in OWN_SOURCES

    @property
    def stale_at(self) -> datetime | None:
        """From when on nobody can tell whether it still fires: its source says nothing of it. None = never."""
        if self.group.closed_at or self.is_own or not self.firing:
            return None
        return max(alert.last_at for alert in self.firing) + STALE_AFTER

    @property
    def can_be_closed(self) -> bool:
        """By a person: our own end when what they tell of does, and what nobody has answered to is answered first."""
        if self.group.closed_at or self.is_own:
            return False
        return self.is_hidden or not self.unacknowledged

    @property
    def declares(self) -> str | None:
        """The severity that the rule of one of them wants declared; None = none does."""
        return next((alert.declares for alert in self.unanswered or self.alerts if alert.declares), None)

    @property
    def procedure(self) -> str | None:
        return next((alert.procedure for alert in self.alerts if alert.procedure), None)

    @property
    def runbook_url(self) -> str | None:
        return next((alert.runbook_url for alert in self.alerts if alert.runbook_url), None)

    @property
    def count(self) -> int:
        """How often the alert told most was told."""
        return max(alert.count for alert in self.alerts)

    @property
    def last_at(self) -> datetime:
        return max(alert.last_at for alert in self.alerts)

    @property
    def labels(self) -> dict[str, str]:
        """What all of them have in common."""
        first, *others = (alert.labels for alert in self.alerts)
        return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}


def page_at(standing: GroupStanding, now: datetime) -> datetime | None:
    """When people are paged for what is critical and unanswered; None = nothing is. A silence holds it back only."""
    group = standing.group
    if group.quiet or all(alert.level != "critical" for alert in standing.unanswered):
        return None
    at = group.page_at or now + PAGE_AFTER
    return max(at, group.silenced_until) if group.silenced_until else at


def look_again_at(standing: GroupStanding, page: datetime | None, now: datetime) -> datetime | None:
    """When something happens to the group by itself: it pages, its silence or one of its alerts ends, it is stale."""
    ends = [alert.expires_at for alert in standing.firing]
    stale_at = standing.stale_at if standing.stale_at and standing.stale_at > now else None
    moments = (page, standing.group.silenced_until, stale_at, *ends)
    return min((at for at in moments if at is not None), default=None)


def rests_until(standing: GroupStanding, now: datetime) -> datetime | None:
    """Until when what else is told of a large group waits, to be looked at together; None = each delivery is looked at.

    A look costs what the group holds: without a rest, each of many deliveries would take longer than the one before.
    """
    count = len(standing.alerts)
    return None if count < LARGE else now + max(SHORTEST_REST, timedelta(seconds=count / LOOKED_AT_PER_S))


def newly_told(standing: GroupStanding, outlets: Iterable[str], now: datetime) -> list[str]:
    """Where the group has to be told now: each place once, and nowhere while it is quiet or silenced."""
    group = standing.group
    if group.quiet or group.is_silenced(now) or standing.is_over:
        return []
    return [outlet for outlet in outlets if outlet not in group.told]


def must_be_firing(group: Group, deed: str) -> None:
    if group.closed_at:
        raise AlreadyDone(f"This alert is already resolved, so there is nothing to {deed}.")
