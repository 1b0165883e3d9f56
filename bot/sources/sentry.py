"""Sentry: the webhooks of its integrations, and those of the older plugin.

The header `Sentry-Hook-Resource` says what a body is about; without it, the keys in `data` do:

    event_alert   {"action": "triggered", "data": {"triggered_rule": "…", "event": {"issue_id": "7", "level": "error",
                   "title": "TypeError: …", "culprit": "cart in pay", "web_url": "https://…", "tags": [["a", "b"]]}}}
    error         the same, its event in `data.error`
    issue         {"action": "created", "data": {"issue": {"id": "7", "shortId": "SHOP-7", "title": "…",
                   "level": "error", "status": "unresolved", "project": {"slug": "shop"}, "web_url": "https://…"}}}
    metric_alert  {"action": "critical", "data": {"description_text": "…", "web_url": "https://…",
                   "metric_alert": {"id": "4", "date_started": "…", "alert_rule": {"name": "…"}}}}
    the plugin    {"id": "7", "project_slug": "shop", "level": "error", "message": "…", "culprit": "…", "url": "https://…",
                   "triggering_rules": ["…"], "event": {…}}

An issue is one alert, no matter which rule reported it. It ends when it is resolved, archived or (in older versions)
ignored. It opens when it is created or unresolved, or when a rule reports it. Exception: Sentry itself sets an ageing
issue to unresolved with the substatus `ongoing`, which is no news.

The signature covers the body alone. The time of an action on an issue is only in the header `Sentry-Hook-Timestamp`, in
seconds since 1970.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from bot.domain.alerts.received import ReceivedAlert, identity
from bot.sources import Headers, Reading, WrongShape
from bot.sources._shapes import (
    Loose,
    Moment,
    Shape,
    labels_of,
    measured,
    one_line,
    read_json,
    severity_word,
    shaped,
    some_text,
    unix_moment,
    web_address,
)
from bot.sources._signing import is_signed_with

NAME = "sentry"
TITLE = "Sentry"
SECRET = "sentry_client_secrets"  # noqa: S105 - the name of a setting

SIGNATURE, DELIVERY, RESOURCE, SENT_AT = (
    "Sentry-Hook-Signature", "Request-ID", "Sentry-Hook-Resource", "Sentry-Hook-Timestamp",
)  # fmt: skip

# Actions on an issue, or its status when a rule reports it. Anything else changes nothing here.
OPENS, ENDS = ("created", "unresolved"), ("resolved", "archived", "ignored")
# The tags of an event that rules may use; others would identify users and what they did.
TAGS = ("environment", "release", "server_name")
# The tag of the sample event that the rule-test button sends, as far as known.
SAMPLE = ("sample_event", "yes")

_PROJECT = re.compile(r"/projects/[^/]{1,100}/([^/]{1,100})/")


def _as_tags(value: object) -> dict[str, str]:
    """The tags, from pairs or from objects with a key and a value."""
    return dict(_tags(value)) if isinstance(value, list) else {}


def _tags(value: list[Any]) -> Iterator[tuple[str, str]]:
    for one in value:
        pair = [one.get("key"), one.get("value")] if isinstance(one, Mapping) else one
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair):
            yield pair[0], pair[1]


def _as_object(value: object) -> object:
    return value if isinstance(value, Mapping) else {}


class _Project(Shape):
    slug: Loose = ""
    name: Loose = ""


class _Event(Shape):
    issue_id: Loose = ""
    title: Loose = ""
    message: Loose = ""
    level: Loose = ""
    culprit: Loose = ""
    url: Loose = ""
    web_url: Loose = ""
    environment: Loose = ""
    received: Any = None
    tags: Annotated[dict[str, str], BeforeValidator(_as_tags)] = Field(default_factory=dict)


class _Issue(Shape):
    id: Loose
    shortId: Loose = ""
    title: Loose = ""
    culprit: Loose = ""
    level: Loose = ""
    status: Loose = ""
    substatus: Loose = ""
    permalink: Loose = ""
    web_url: Loose = ""
    count: Loose = ""
    userCount: Loose = ""
    project: Annotated[_Project, BeforeValidator(_as_object)] = Field(default_factory=_Project)


class _AlertRule(Shape):
    name: Loose = ""
    environment: Loose = ""


class _MetricAlert(Shape):
    id: Loose
    organization_id: Loose = ""
    title: Loose = ""
    date_started: Moment = None
    date_closed: Moment = None
    projects: Any = None
    alert_rule: Annotated[_AlertRule, BeforeValidator(_as_object)] = Field(default_factory=_AlertRule)


class _MetricData(Shape):
    metric_alert: _MetricAlert
    description_text: Loose = ""
    description_title: Loose = ""
    web_url: Loose = ""


class _MetricHook(Shape):
    action: Literal["critical", "warning", "resolved", "open"]
    data: _MetricData


class _Plugged(Shape):
    """The plugin's message; `id` is the issue's."""

    id: Loose
    project_slug: Loose = ""
    project: Loose = ""
    level: Loose = ""
    culprit: Loose = ""
    message: Loose = ""
    url: Loose = ""
    triggering_rules: Any = None
    event: Annotated[_Event, BeforeValidator(_as_object)] = Field(default_factory=_Event)


def is_signed(body: bytes, headers: Headers, secret: str, now: datetime) -> bool:
    return is_signed_with(secret, body, headers.get(SIGNATURE, ""))


def is_dated(headers: Headers) -> bool:
    return False


def delivery(body: bytes, headers: Headers) -> str | None:
    return headers.get(DELIVERY) or None


def parse(body: bytes, headers: Headers) -> Reading:
    content = read_json(body)
    if not isinstance(content, Mapping):
        raise WrongShape("the body: must be an object")
    if "data" not in content and ("triggering_rules" in content or "culprit" in content or "level" in content):
        return Reading([_of_plugin(shaped(_Plugged, content))])
    action, data, sent_at = str(content.get("action") or ""), content.get("data"), unix_moment(headers.get(SENT_AT))
    about = data if isinstance(data, Mapping) else {}
    if "metric_alert" in about:
        return Reading([_of_metric(shaped(_MetricHook, content), sent_at)])
    if "issue" in about:
        issue = shaped(_Issue, about["issue"])
        if _has_grown_old(action, issue, content.get("actor")):
            return Reading([], odd=["an issue that has only grown old was left out"])
        return _of_issue(action, issue, sent_at)
    for name in ("event", "error"):
        if name in about:
            rule = about.get("triggered_rule")
            return Reading([_of_event(shaped(_Event, about[name]), rule if isinstance(rule, str) else "", sent_at)])
    if what := headers.get(RESOURCE):
        return Reading([], odd=[f"{one_line(what, 40)} {one_line(action, 40)}: it is no alert, and was left out"])
    raise WrongShape("data: none of event, error, issue and metric_alert is in it")


def _of_event(event: _Event, rule: str, sent_at: datetime | None) -> ReceivedAlert:
    if not event.issue_id:
        raise WrongShape("data: its event has no issue_id")
    found = _PROJECT.search(event.url)
    project = found.group(1) if found else ""
    return ReceivedAlert(
        title=_title(project, event.title or event.message or event.culprit),
        firing=True,
        fingerprint=identity(f"issue {event.issue_id}"),
        severity=severity_word(event.level),
        description=some_text(event.culprit),
        url=web_address(event.web_url),
        labels=_labels(project=project, rule=rule, **_tagged(event)),
        starts_at=unix_moment(event.received) or sent_at,
        is_test=SAMPLE in event.tags.items(),
    )


def _tagged(event: _Event) -> dict[str, str]:
    found = {name: event.tags[name] for name in TAGS if name in event.tags}
    return found | ({"environment": event.environment} if event.environment else {})


def _of_issue(action: str, issue: _Issue, sent_at: datetime | None) -> Reading:
    if not issue.id:
        raise WrongShape("data.issue.id: an issue needs one")
    what = issue.status if action == "triggered" else action
    if what not in OPENS + ENDS:
        return Reading([], odd=[f"issue {one_line(what, 40)}: it neither opens nor ends an alert, and was left out"])
    project, firing = issue.project.slug or issue.project.name, what in OPENS
    alert = ReceivedAlert(
        title=_title(project, issue.title or issue.culprit),
        firing=firing,
        fingerprint=identity(f"issue {issue.id}"),
        severity=severity_word(issue.level),
        description=some_text(issue.culprit),
        url=web_address(issue.web_url) or web_address(issue.permalink),
        labels=_labels(project=project, issue=issue.shortId, substatus=issue.substatus),
        starts_at=sent_at if firing else None,
        ends_at=None if firing else sent_at,
        measured=measured({"events": issue.count, "users": issue.userCount}),
    )
    return Reading([alert])


def _has_grown_old(action: str, issue: _Issue, actor: object) -> bool:
    by_sentry = isinstance(actor, Mapping) and actor.get("type") == "application"
    return by_sentry and (action, issue.substatus) == ("unresolved", "ongoing")


def _of_metric(hook: _MetricHook, sent_at: datetime | None) -> ReceivedAlert:
    told = hook.data.metric_alert
    if not told.id:
        raise WrongShape("data.metric_alert.id: a metric alert needs one")
    name = told.alert_rule.name or told.title or "A metric alert"
    # Some versions send a literal \n for a line break.
    text = hook.data.description_text.replace("\\n", "\n").strip()
    firing = hook.action != "resolved"
    return ReceivedAlert(
        title=_title(name, text.partition("\n")[0]),
        firing=firing,
        fingerprint=identity(f"metric alert {told.organization_id} {told.id}"),
        severity=hook.action if hook.action in ("critical", "warning") else None,
        description=some_text(text),
        url=web_address(hook.data.web_url),
        labels=_labels(rule=name, project=_listed(told.projects), environment=told.alert_rule.environment),
        starts_at=told.date_started,
        ends_at=None if firing else told.date_closed or sent_at,
    )


def _of_plugin(told: _Plugged) -> ReceivedAlert:
    if not told.id:
        raise WrongShape("id: an issue needs one")
    project = told.project_slug or told.project
    return ReceivedAlert(
        title=_title(project, told.event.title or told.message or told.culprit),
        firing=True,
        fingerprint=identity(f"issue {told.id}"),
        severity=severity_word(told.level),
        description=some_text(told.culprit),
        url=web_address(told.url),
        labels=_labels(project=project, rule=_listed(told.triggering_rules), **_tagged(told.event)),
        starts_at=unix_moment(told.event.received),
        is_test=SAMPLE in told.event.tags.items(),
    )


def _title(place: str, what: str) -> str:
    return one_line(": ".join(part for part in (place.strip(), what.strip()) if part)) or "An issue without a title"


def _labels(**labels: str) -> dict[str, str]:
    return labels_of({name: value for name, value in labels.items() if value})


def _listed(names: object) -> str:
    return ", ".join(one for one in names if isinstance(one, str)) if isinstance(names, list) else ""
