"""Prometheus Alertmanager: its webhook, version 4 (docs/configuration.md of the project, `webhook_config`).

    {"version": "4", "groupKey": "{}:{alertname=\\"InstanceDown\\"}", "status": "firing", "receiver": "tocsin",
     "alerts": [{"status": "firing", "fingerprint": "791cec13fcba0368", "startsAt": "…", "generatorURL": "http://…",
                 "labels": {"alertname": "InstanceDown", "severity": "critical"},
                 "annotations": {"summary": "db-1 is down", "runbook_url": "https://…"}}]}

Each alert has its own status: the one at the top says `firing` as long as any of them does. A group that goes on firing
is sent again every `repeat_interval`, and by each of a pair: repeats, not new alerts.
"""

from typing import Literal

from pydantic import Field

from bot.domain.alert import ReceivedAlert, fingerprint_of, identity
from bot.sources import Headers, Shape, Text, labels_of, one_line, read_json, shaped, some_text, web_address

NAME = "alertmanager"


class _Alert(Shape):
    status: Literal["firing", "resolved"]
    labels: dict[Text, Text]
    annotations: dict[Text, Text] = Field(default_factory=dict)
    generatorURL: Text = ""
    fingerprint: Text = ""


class _Notification(Shape):
    alerts: list[_Alert]
    groupKey: Text = ""


def parse(body: bytes, headers: Headers) -> list[ReceivedAlert]:
    notification = shaped(_Notification, read_json(body))
    group = identity(notification.groupKey) if notification.groupKey else None
    return [_received(alert, group) for alert in notification.alerts]


def _received(alert: _Alert, group: str | None) -> ReceivedAlert:
    notes = alert.annotations
    return ReceivedAlert(
        title=_title(alert),
        firing=alert.status == "firing",
        fingerprint=identity(alert.fingerprint) if alert.fingerprint else fingerprint_of(alert.labels),
        severity=alert.labels.get("severity"),
        description=some_text(notes.get("description") or notes.get("message") or ""),
        url=web_address(alert.generatorURL),
        runbook_url=web_address(notes.get("runbook_url")),
        labels=labels_of(alert.labels),
        group=group,
    )


def _title(alert: _Alert) -> str:
    """The name people search for, and the sentence somebody wrote for it."""
    name, summary = alert.labels.get("alertname", ""), alert.annotations.get("summary", "")
    if not name or not summary or name.lower() in summary.lower():
        return one_line(summary or name) or "An alert without a name"
    return one_line(f"{name}: {summary}")
