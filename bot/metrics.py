"""Metrics for Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST

# Slack allows three seconds; a good acknowledgement takes milliseconds.
ACKNOWLEDGEMENT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
# From the alarm clock's precision up to an outage of minutes.
LATENESS_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300)
CALL_BUCKETS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


@dataclass(frozen=True)
class LimitedWay:
    """The other side takes nothing by this way before `until`, in the words `said`."""

    until: datetime
    said: str


@dataclass(frozen=True)
class Figures:
    """The state of the database at one moment, the same for every process that shares it.

    `incidents_open` by severity and drill, `pages` by way and state, `unfinished` by kind and state. `overdue`: how
    late the oldest due row of each kind is; zero when none is. `recoveries`: drills and restores of 90 days, by
    database, type, and whether the RTO was met. `in_hand`: by process, how many leases of each kind it holds.
    `set_aside`: requests not retried any more because processes died working on them, by key, with a description.
    `closed`: channels that take no messages, by name, with the reason. `limited`: ways by which nothing leaves for now,
    by name.
    """

    incidents_open: Mapping[tuple[str, bool], int] = field(default_factory=dict)
    pages: Mapping[tuple[str, str], int] = field(default_factory=dict)
    unfinished: Mapping[tuple[str, str], int] = field(default_factory=dict)
    escalations_armed: int = 0
    overdue: Mapping[str, timedelta] = field(default_factory=dict)
    in_hand: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    recoveries: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    set_aside: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, str] = field(default_factory=dict)
    limited: Mapping[str, LimitedWay] = field(default_factory=dict)


class Metrics:
    """One per process, with its own registry. Whoever does the work is given it and reports measurements."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._acknowledgement = self._histogram(
            "tocsin_request_acknowledgement_seconds",
            "From the arrival of a Slack request to its acknowledgement",
            ACKNOWLEDGEMENT_BUCKETS_S,
        )
        self._lateness = self._histogram(
            "tocsin_page_lateness_seconds",
            "From the moment a page was due to the moment a provider accepted it",
            LATENESS_BUCKETS_S,
            "via",
        )
        self._slack_call = self._histogram(
            "tocsin_slack_call_seconds", "Calls to Slack's Web API", CALL_BUCKETS_S, "method", "outcome"
        )
        self._clock_steps = self._counter(
            "tocsin_clock_steps", "How often the database's clock was set while this process ran"
        )
        self._refused = self._counter(
            "tocsin_alerts_refused_total",
            "Deliveries of alerts that were refused, by what was answered",
            "source",
            "status",
        )
        self._reports = self._counter(
            "tocsin_reports_total", "Reports of people without Slack, by what became of them", "outcome"
        )
        self._database_up = Gauge("tocsin_database_up", "1 while the database answers", registry=self._registry)
        self._figures = _FigureGauges(self._registry)

    def acknowledged(self, seconds: float) -> None:
        """A Slack request was acknowledged this long after it arrived."""
        self._acknowledgement.observe(seconds)

    def page_lateness(self, seconds: float, via: str = "slack") -> None:
        """A provider accepted a page this long after it was due."""
        self._lateness.labels(via).observe(seconds)

    def slack_called(self, method: str, seconds: float, outcome: str = "ok") -> None:
        """A call ended: `outcome` is `ok`, or Slack's error code."""
        self._slack_call.labels(method, outcome).observe(seconds)

    def clock_stepped(self) -> None:
        """The database's clock was set."""
        self._clock_steps.inc()

    def alerts_refused(self, source: str, status: int) -> None:
        """A delivery of alerts was refused with this status. `unread`: before its source was known."""
        self._refused.labels(source, str(status)).inc()

    def reported(self, outcome: str) -> None:
        """A submitted report: `taken`, `spam`, `too many`, `not stored` or `unknown`."""
        self._reports.labels(outcome).inc()

    def text(self, figures: Figures | None) -> bytes:
        """Everything in Prometheus' text format; None: the database did not answer, so its figures are left out."""
        self._database_up.set(figures is not None)
        self._figures.show(figures)
        return generate_latest(self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, meaning, labels, buckets=buckets, registry=self._registry)


class _FigureGauges:
    """Gauges that show the latest figures."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._incidents = self._gauge("tocsin_incidents_open", "Open incidents", "severity", "drill")
        self._pages = self._gauge("tocsin_pages", "Pages by what their provider said", "via", "state")
        self._armed = self._gauge("tocsin_escalations_armed", "Ladders with a step still to come")
        self._overdue = self._gauge("tocsin_overdue_seconds", "How far the oldest due row is behind its time", "what")
        self._in_hand = self._gauge("tocsin_leases", "What each process has in hand at this moment", "process", "kind")
        self._recoveries = self._gauge(
            "tocsin_recoveries", "Drills and restores of 90 days that brought the data back", "backup", "what", "rto"
        )
        self._processes = self._gauge("tocsin_processes", "Processes that share this database")
        self._set_aside = self._gauge(
            "tocsin_requests_set_aside", "Requests set aside because two processes died working on them"
        )
        self._unfinished = self._gauge("tocsin_outbox_unfinished", "What has yet to leave the house", "kind", "state")
        self._limited = self._gauge(
            "tocsin_limited_until_seconds", "Until when the other side takes nothing by a way, in Unix time", "way"
        )

    def show(self, figures: Figures | None) -> None:
        """None: unknown. Then labelled gauges are empty, and the others are NaN."""
        self._show(figures or Figures())
        if figures is None:
            for gauge in (self._armed, self._processes, self._set_aside):
                gauge.set(float("nan"))

    def _show(self, figures: Figures) -> None:
        for gauge in (self._incidents, self._pages, self._overdue, self._unfinished, self._in_hand, self._recoveries,
                      self._limited):  # fmt: skip
            gauge.clear()
        self._armed.set(figures.escalations_armed)
        self._processes.set(len(figures.in_hand))
        self._set_aside.set(len(figures.set_aside))
        for (severity, drill), count in figures.incidents_open.items():
            self._incidents.labels(severity, "true" if drill else "false").set(count)
        for (via, state), count in figures.pages.items():
            self._pages.labels(via, state).set(count)
        for (kind, state), count in figures.unfinished.items():
            self._unfinished.labels(kind, state).set(count)
        for key, count in figures.recoveries.items():
            self._recoveries.labels(*key).set(count)
        for way, limited in figures.limited.items():
            self._limited.labels(way).set(limited.until.timestamp())
        for what, behind in figures.overdue.items():
            self._overdue.labels(what).set(behind.total_seconds())
        for process, leases in figures.in_hand.items():
            for kind, count in leases.items():
                self._in_hand.labels(process, kind).set(count)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self._registry)
