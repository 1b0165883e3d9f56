"""Prometheus Alertmanager: its webhook, version 4 (docs/configuration.md of the project, `webhook_config`).

    {"version": "4", "groupKey": "{}:{alertname=\\"InstanceDown\\"}", "status": "firing", "receiver": "tocsin",
     "alerts": [{"status": "firing", "fingerprint": "791cec13fcba0368", "startsAt": "…", "generatorURL": "http://…",
                 "labels": {"alertname": "InstanceDown", "severity": "critical"},
                 "annotations": {"summary": "db-1 is down", "runbook_url": "https://…"}}]}

Each alert has its own status; the one at the top is `firing` as long as any alert shown is. A group that keeps firing
is sent again every `repeat_interval`, and by each of a high-availability pair: repeats, not new alerts.

A notification is the whole group: an alert that fired before and is missing now has ended unseen, or is silenced or
inhibited there. With `max_alerts` the list is truncated, and `truncatedAlerts` says by how many, firing or not.
`startsAt` and `endsAt` bound an episode; while it fires, its end is the year 1. An alert that fires again within the
group interval keeps the previous `startsAt`. It is known from an old one only because the same Alertmanager
(`externalURL`) has reported the end before.
"""

from dataclasses import replace

from bot.domain.alerts.received import identity
from bot.sources import Headers, Reading
from bot.sources._groups import GroupedAlert, Notification, listings, received
from bot.sources._shapes import read_json, shaped, shaped_each

NAME = "alertmanager"
TITLE = "Alertmanager"


def parse(body: bytes, headers: Headers) -> Reading:
    notification = shaped(Notification, read_json(body))
    group = identity(notification.groupKey) if notification.groupKey else None
    taken, odd = shaped_each(GroupedAlert, notification.alerts, "alerts")
    told_by = identity(notification.externalURL) if notification.externalURL else None
    alerts = [replace(received(alert, group), told_by=told_by) for alert in taken]
    return Reading(alerts, listings(group, notification, left_out=len(notification.alerts) - len(taken)), odd)
