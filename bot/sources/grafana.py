"""Grafana: the webhook of its alerting since version 9, and of legacy dashboard alerts before it.

    {"version": "1", "status": "firing", "orgId": 1, "groupKey": "{}:{alertname=\\"High memory\\"}",
     "externalURL": "https://grafana.example.com/", "truncatedAlerts": 0,
     "alerts": [{"status": "firing", "fingerprint": "c6eadffa33fcdf37", "startsAt": "2026-08-06T16:31:00+02:00",
                 "labels": {"alertname": "High memory", "grafana_folder": "Shop", "severity": "warning"},
                 "annotations": {"summary": "web-1 uses 91 % of its memory"}, "values": {"B": 91.2, "C": 1},
                 "generatorURL": "https://…", "dashboardURL": "https://…", "panelURL": "https://…", "silenceURL": "…",
                 "imageURL": "https://…"}]}

A group as Alertmanager sends it, with more fields per alert; `title`, `state` and `message` repeat it and aren't read.
Group keys and fingerprints are made of labels alone, so they are equal in every Grafana with the same rules; here they
are told apart by the server's URL and organisation. Several servers of one Grafana share both. A late message of one is
recognised by its start and end times, so no server is trusted more than the others.

A rule that finds no data, or can't be evaluated, fires as `DatasourceNoData` or `DatasourceError`, with its own name in
`rulename` and its own annotations, which describe a state that isn't the case.

Before version 9: {"ruleId": 7, "ruleName": "Queue", "state": "alerting", "ruleUrl": "https://…", "message": "…",
"imageUrl": "https://…", "evalMatches": [{"metric": "jobs", "value": 812, "tags": null}], "orgId": 1}. Its states are
`alerting`, `ok`, `no_data`, and `paused`, `pending` and `unknown`, which say nothing about what is watched.

The signature covers the body, or `<unix seconds>:<body>` if a timestamp header is configured in Grafana. That header's
name is free, so we know two names for it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.domain.alerts.received import Listing, ReceivedAlert, fingerprint_of, identity
from bot.sources import Headers, Reading
from bot.sources._groups import GroupedAlert, Notification, listings, received
from bot.sources._shapes import (
    Labels,
    Loose,
    Shape,
    known,
    labels_of,
    measured,
    named_links,
    one_line,
    read_json,
    severity_word,
    shaped,
    shaped_each,
    some_text,
    web_address,
)
from bot.sources._signing import is_fresh, is_signed_with

NAME = "grafana"
TITLE = "Grafana"
SECRET = "grafana_webhook_secrets"  # noqa: S105 - the name of a setting

SIGNATURE = "X-Grafana-Alerting-Signature"
TIMESTAMPS = ("X-Grafana-Alerting-Timestamp", "X-Grafana-Alerting-Signature-Timestamp")

NO_DATA, FAULT = "DatasourceNoData", "DatasourceError"
# What the button that tests a contact point sends.
TRIED = {"alertname": "TestAlert", "instance": "Grafana"}
TRIED_BEFORE_9 = "Test notification"

FIRING, RESOLVED = ("alerting", "no_data"), ("ok",)


def _as_values(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


class _Alert(GroupedAlert):
    values: Annotated[dict[str, Any], BeforeValidator(_as_values)] = Field(default_factory=dict)
    dashboardURL: Loose = ""
    panelURL: Loose = ""
    silenceURL: Loose = ""
    imageURL: Loose = ""


class _Notification(Notification):
    orgId: Loose = ""


class _OldAlert(Shape):
    state: Loose
    ruleName: Loose
    ruleId: Loose = ""
    orgId: Loose = ""
    ruleUrl: Loose = ""
    imageUrl: Loose = ""
    message: Loose = ""
    tags: Labels = Field(default_factory=dict)
    evalMatches: Any = None


def is_signed(body: bytes, headers: Headers, secret: str, now: datetime) -> bool:
    timestamp = next((headers[name].strip() for name in TIMESTAMPS if name in headers), None)
    if timestamp is not None and not is_fresh(timestamp, now):
        return False
    signed = body if timestamp is None else timestamp.encode() + b":" + body
    return is_signed_with(secret, signed, headers.get(SIGNATURE, ""))


def is_dated(headers: Headers) -> bool:
    return any(name in headers for name in TIMESTAMPS)


def parse(body: bytes, headers: Headers) -> Reading:
    content = read_json(body)
    if isinstance(content, Mapping) and "ruleName" in content and "alerts" not in content:
        return _old(shaped(_OldAlert, content))
    notification = shaped(_Notification, content)
    own = f"{notification.externalURL} {notification.orgId}"
    group = identity(f"{notification.groupKey} {own}") if notification.groupKey else None
    taken, odd = shaped_each(_Alert, notification.alerts, "alerts")
    alerts = [_received(alert, group, own) for alert in taken]
    return Reading(alerts, _listings(group, notification, taken, alerts), odd)


def _listings(
    group: str | None, notification: _Notification, taken: list[_Alert], alerts: list[ReceivedAlert]
) -> list[Listing]:
    """The group's listing. None for a test: it says nothing about the group whose labels it borrows."""
    if any(alert.is_test for alert in alerts):
        return []
    return listings(group, notification, left_out=len(notification.alerts) - len(taken))


def _received(alert: _Alert, group: str | None, own: str) -> ReceivedAlert:
    plain = received(_without_private(alert), group)
    links = {"Dashboard": alert.dashboardURL, "Panel": alert.panelURL, "Silence in Grafana": alert.silenceURL}
    return replace(
        plain,
        title=_title(plain),
        description=_description(plain, known(alert.annotations)),
        fingerprint=identity(f"{plain.fingerprint} {own}"),
        links=named_links(links),
        image=web_address(alert.imageURL),
        measured=measured(alert.values),
        is_test=all(plain.labels.get(name) == value for name, value in TRIED.items()),
    )


def _without_private(alert: _Alert) -> GroupedAlert:
    """The alert without the labels that Grafana uses internally."""
    labels = {name: value for name, value in alert.labels.items() if not name.startswith("__")}
    fingerprint = alert.fingerprint or fingerprint_of(known(alert.labels))
    return alert.model_copy(update={"labels": labels, "fingerprint": fingerprint})


def _title(plain: ReceivedAlert) -> str:
    name = plain.labels.get("alertname")
    rule = plain.labels.get("rulename") or "A rule without a name"
    if name == NO_DATA:
        return one_line(f"{rule}: no data")
    if name == FAULT:
        return one_line(f"{rule}: the rule could not be evaluated")
    return plain.title


def _description(plain: ReceivedAlert, notes: Mapping[str, str]) -> str:
    """The description, left out if there is no data: the rule's own text doesn't apply then."""
    name = plain.labels.get("alertname")
    if name == FAULT:
        return some_text(notes.get("Error", ""))
    return "" if name == NO_DATA else plain.description


def _old(alert: _OldAlert) -> Reading:
    state = alert.state.strip().lower()
    if state not in FIRING + RESOLVED:
        return Reading([], odd=[f"state {one_line(alert.state, 40) or 'missing'} is neither firing nor resolved"])
    name = one_line(alert.ruleName) or "An alert without a name"
    told = ReceivedAlert(
        title=one_line(f"{name}: no data") if state == "no_data" else name,
        firing=state in FIRING,
        fingerprint=_old_fingerprint(alert),
        severity=severity_word(known(alert.tags).get("severity")),
        description=some_text(alert.message) if state == "alerting" else "",
        url=web_address(alert.ruleUrl),
        labels=labels_of({"alertname": name, **known(alert.tags)}),
        image=web_address(alert.imageUrl),
        measured=measured(_matches(alert.evalMatches)),
        is_test=alert.ruleName == TRIED_BEFORE_9,
    )
    return Reading([told])


def _old_fingerprint(alert: _OldAlert) -> str:
    """Rule and organisation ids are unique within one Grafana only; the rule's URL says which Grafana."""
    server = alert.ruleUrl.partition("/d/")[0] if "/d/" in alert.ruleUrl else ""
    return fingerprint_of({}, server, alert.orgId, alert.ruleId or alert.ruleName)


def _matches(matches: object) -> dict[str, Any]:
    found = [one for one in matches if isinstance(one, Mapping)] if isinstance(matches, list) else []
    return {str(one.get("metric", "")): one.get("value") for one in found}
