"""Grafana: the webhook of its alerting since version 9, and that of the alerts of dashboards before it.

    {"version": "1", "status": "firing", "orgId": 1, "groupKey": "{}:{alertname=\\"High memory\\"}",
     "externalURL": "https://grafana.example.com/", "truncatedAlerts": 0,
     "alerts": [{"status": "firing", "fingerprint": "c6eadffa33fcdf37", "startsAt": "2026-08-06T16:31:00+02:00",
                 "labels": {"alertname": "High memory", "grafana_folder": "Shop", "severity": "warning"},
                 "annotations": {"summary": "web-1 uses 91 % of its memory"}, "values": {"B": 91.2, "C": 1},
                 "generatorURL": "https://…", "dashboardURL": "https://…", "panelURL": "https://…", "silenceURL": "…",
                 "imageURL": "https://…"}]}

A group as Alertmanager sends it, with more to each alert; `title`, `state` and `message` repeat it, and are not read.
The keys of groups and the fingerprints are made of labels alone, and so they are the same in every Grafana that has
the same rules: here they are told apart by its address and organisation. Several servers of one Grafana share both, and
what one sends late is known by its beginning and end, so that none of them is believed more than the others.

A rule that finds no data, or cannot be evaluated, fires under the names `DatasourceNoData` and `DatasourceError`, with
its own name in `rulename` and its own annotations, which speak of what is not the case.

Before version 9: {"ruleId": 7, "ruleName": "Queue", "state": "alerting", "ruleUrl": "https://…", "message": "…",
"imageUrl": "https://…", "evalMatches": [{"metric": "jobs", "value": 812, "tags": null}], "orgId": 1}. Its states are
`alerting`, `ok`, `no_data`, and `paused`, `pending` and `unknown`, which say nothing of what is watched.

Signed is the body, or `<unix seconds>:<body>` when Grafana was given a name for a timestamp header; that has no name of
its own, so these two are known here.
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
# What the button that tries a contact point sends.
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
    """What somebody tries is no word about the group that it takes its labels from."""
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
    """Without the labels that Grafana writes for itself."""
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
    """What a rule says of its own alert is not the case when it had nothing to judge by."""
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
    """The ids of rules and organisations are those of one Grafana: which one, its address says."""
    server = alert.ruleUrl.partition("/d/")[0] if "/d/" in alert.ruleUrl else ""
    return fingerprint_of({}, server, alert.orgId, alert.ruleId or alert.ruleName)


def _matches(matches: object) -> dict[str, Any]:
    found = [one for one in matches if isinstance(one, Mapping)] if isinstance(matches, list) else []
    return {str(one.get("metric", "")): one.get("value") for one in found}
