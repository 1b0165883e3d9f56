"""Prometheus Alertmanager: its webhook, version 4 (docs/configuration.md of the project, `webhook_config`).

    {"version": "4", "groupKey": "{}:{alertname=\\"InstanceDown\\"}", "status": "firing", "receiver": "tocsin",
     "alerts": [{"status": "firing", "fingerprint": "791cec13fcba0368", "startsAt": "…", "generatorURL": "http://…",
                 "labels": {"alertname": "InstanceDown", "severity": "critical"},
                 "annotations": {"summary": "db-1 is down", "runbook_url": "https://…"}}]}

Each alert has its own status: the one at the top says `firing` as long as any of those shown does. A group that goes on
firing is sent again every `repeat_interval`, and by each of a pair: repeats, not new alerts.

A notification is the whole group: what fired before and is not in it has ended unseen, or is silenced or inhibited
there. With `max_alerts` the list is cut, and `truncatedAlerts` says by how many, firing or not. `startsAt` and `endsAt`
bound an episode; of one that fires the end is the year 1. An alert that fires again within the interval of the one
before it keeps that one's beginning: only that the same Alertmanager (`externalURL`) told the end before tells it from
an old one.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bot.domain.alerts.received import Listing, ReceivedAlert, fingerprint_of, identity
from bot.sources import Headers, Reading
from bot.sources._shapes import (
    Labels,
    Loose,
    Moment,
    Shape,
    known,
    labels_of,
    one_line,
    read_json,
    shaped,
    shaped_each,
    some_text,
    web_address,
)

NAME = "alertmanager"

# What a column of ours can hold.
MOST_HIDDEN = 2**31 - 1


def _as_count(value: object) -> int | None:
    return min(max(value, 0), MOST_HIDDEN) if isinstance(value, int) else None


class _Alert(Shape):
    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels = Field(default_factory=dict)
    generatorURL: Loose = ""
    fingerprint: Loose = ""
    startsAt: Moment = None
    endsAt: Moment = None


class _Notification(Shape):
    alerts: list[Any]
    groupKey: Loose = ""
    externalURL: Loose = ""
    truncatedAlerts: Annotated[int | None, BeforeValidator(_as_count)] = None


def parse(body: bytes, headers: Headers) -> Reading:
    notification = shaped(_Notification, read_json(body))
    group = identity(notification.groupKey) if notification.groupKey else None
    taken, odd = shaped_each(_Alert, notification.alerts, "alerts")
    told_by = identity(notification.externalURL) if notification.externalURL else None
    alerts = [_received(alert, group, told_by) for alert in taken]
    return Reading(alerts, _listings(group, notification, left_out=len(notification.alerts) - len(taken)), odd)


def _listings(group: str | None, notification: _Notification, *, left_out: int) -> list[Listing]:
    """None of a notification that does not say how much of its group it leaves out: somebody else wrote it.

    What could not be read may fire as well: it is as hidden as what was cut.
    """
    hidden = notification.truncatedAlerts
    if not group or not notification.alerts or hidden is None:
        return []
    return [Listing(group, min(hidden + left_out, MOST_HIDDEN))]


def _received(alert: _Alert, group: str | None, told_by: str | None) -> ReceivedAlert:
    labels, notes = known(alert.labels), known(alert.annotations)
    return ReceivedAlert(
        title=_title(labels, notes),
        firing=alert.status == "firing",
        fingerprint=identity(alert.fingerprint) if alert.fingerprint else fingerprint_of(labels),
        severity=labels.get("severity"),
        description=some_text(notes.get("description") or notes.get("message") or ""),
        url=web_address(alert.generatorURL),
        runbook_url=web_address(notes.get("runbook_url")),
        labels=labels_of(labels),
        group=group,
        starts_at=alert.startsAt,
        ends_at=alert.endsAt if alert.status == "resolved" else None,
        told_by=told_by,
    )


def _title(labels: Mapping[str, str], notes: Mapping[str, str]) -> str:
    """The name people search for, and the sentence somebody wrote for it."""
    name, summary = labels.get("alertname", ""), notes.get("summary", "")
    if not name or not summary or name.lower() in summary.lower():
        return one_line(summary or name) or "An alert without a name"
    return one_line(f"{name}: {summary}")
