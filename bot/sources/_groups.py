"""Reads a notification about a group of alerts, as sent by Alertmanager and systems built on it.

{"groupKey": "{}:{alertname=\\"InstanceDown\\"}", "status": "firing", "externalURL": "http://…", "truncatedAlerts": 0,
 "alerts": [{"status": "firing", "fingerprint": "791cec13fcba0368", "startsAt": "…", "generatorURL": "http://…",
             "labels": {"alertname": "InstanceDown", "severity": "critical"},
             "annotations": {"summary": "db-1 is down", "runbook_url": "https://…"}}]}
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bot.domain.alerts.received import Listing, ReceivedAlert, fingerprint_of, identity
from bot.sources._shapes import (
    Labels,
    Loose,
    Moment,
    Shape,
    known,
    labels_of,
    one_line,
    severity_word,
    some_text,
    web_address,
)

# The limit of our integer column.
MOST_HIDDEN = 2**31 - 1


def _as_count(value: object) -> int | None:
    return min(max(value, 0), MOST_HIDDEN) if isinstance(value, int) else None


class GroupedAlert(Shape):
    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels = Field(default_factory=dict)
    generatorURL: Loose = ""
    fingerprint: Loose = ""
    startsAt: Moment = None
    endsAt: Moment = None


class Notification(Shape):
    alerts: list[Any]
    groupKey: Loose = ""
    externalURL: Loose = ""
    truncatedAlerts: Annotated[int | None, BeforeValidator(_as_count)] = None


def listings(group: str | None, notification: Notification, *, left_out: int) -> list[Listing]:
    """The group's listing. None for a notification without `truncatedAlerts`: it isn't Alertmanager's, so it may not be
    complete.

    Alerts that we couldn't read may be firing too, so they count as hidden, like truncated ones.
    """
    hidden = notification.truncatedAlerts
    if not group or not notification.alerts or hidden is None:
        return []
    return [Listing(group, min(hidden + left_out, MOST_HIDDEN))]


def received(alert: GroupedAlert, group: str | None) -> ReceivedAlert:
    labels, notes = known(alert.labels), known(alert.annotations)
    return ReceivedAlert(
        title=title_of(labels, notes),
        firing=alert.status == "firing",
        fingerprint=identity(alert.fingerprint) if alert.fingerprint else fingerprint_of(labels),
        severity=severity_word(labels.get("severity")),
        description=some_text(notes.get("description") or notes.get("message") or ""),
        url=web_address(alert.generatorURL),
        runbook_url=web_address(notes.get("runbook_url")),
        labels=labels_of(labels),
        group=group,
        starts_at=alert.startsAt,
        ends_at=alert.endsAt if alert.status == "resolved" else None,
    )


def title_of(labels: Mapping[str, str], notes: Mapping[str, str]) -> str:
    """The name people search for, with the summary somebody wrote for it."""
    name, summary = labels.get("alertname", ""), notes.get("summary", "")
    if not name or not summary or name.lower() in summary.lower():
        return one_line(summary or name) or "An alert without a name"
    return one_line(f"{name}: {summary}")
