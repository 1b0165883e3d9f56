"""Reads messages published to an Amazon SNS topic: CloudWatch alarms, text, or other JSON.

    {"AlarmName": "shop-5xx", "AlarmDescription": "…", "AWSAccountId": "123456789012", "NewStateValue": "ALARM",
     "NewStateReason": "Threshold Crossed: …", "StateChangeTime": "2026-08-06T12:32:08.123+0000", "AlarmArn": "…",
     "Trigger": {"MetricName": "5XXError", "Namespace": "AWS/ApplicationELB", "Dimensions": [{"name": …, "value": …}]}}

A composite alarm has no `Trigger`. A state is ALARM, OK or INSUFFICIENT_DATA.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BeforeValidator

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of, identity
from bot.sources import Reading, WrongShape
from bot.sources._shapes import Loose, Moment, Shape, labels_of, one_line, shaped, some_text, web_address
from bot.sources._templated import severity_among

# Keys under which other systems that publish to topics put a title.
TITLES = ("title", "summary", "detail-type", "Event Message", "Description", "Event")
# How truncated JSON begins; such a line is no title.
BROKEN_JSON = ("{", "[{", "[[", '["')
MOST_DIMENSIONS = 20
# The longest description that is shown behind the alarm's name.
SHORT = 120


def _as_dimensions(value: object) -> dict[str, str]:
    """The dimensions by name. Keys come capitalised or in lower case, depending on the alarm."""
    found = value.get("Dimensions") if isinstance(value, Mapping) else None
    each = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    pairs = [(one.get("name", one.get("Name")), one.get("value", one.get("Value"))) for one in each[:MOST_DIMENSIONS]]
    return {name: text for name, text in pairs if isinstance(name, str) and isinstance(text, str)}


class _Trigger(Shape):
    MetricName: Loose = ""
    Namespace: Loose = ""


class _Alarm(Shape):
    AlarmName: Loose
    AlarmDescription: Loose = ""
    AlarmArn: Loose = ""
    AWSAccountId: Loose = ""
    NewStateValue: Loose
    NewStateReason: Loose = ""
    StateChangeTime: Moment = None
    Region: Loose = ""
    Trigger: Annotated[Any, BeforeValidator(lambda value: value if isinstance(value, Mapping) else {})] = None

    @property
    def region(self) -> str:
        """The region's code, from the ARN; the field `Region` is a display name."""
        parts = self.AlarmArn.split(":")
        return parts[3] if len(parts) > 6 else ""


@dataclass(frozen=True)
class Published:
    """A message of a topic. `topic` is its ARN, '' if unknown."""

    text: str
    topic: str = ""
    subject: str = ""

    @property
    def topic_name(self) -> str:
        return self.topic.rpartition(":")[2]

    @property
    def severity(self) -> str | None:
        """The last word of the topic's name, as in `alarms-critical`: CloudWatch has no severities."""
        return severity_among([self.topic_name.replace("_", "-").rpartition("-")[2]])


def is_alarm(content: object) -> bool:
    return isinstance(content, Mapping) and bool(content.get("AlarmName")) and "NewStateValue" in content


def reading_of(published: Published) -> Reading:
    """Raises WrongShape."""
    if not published.text.strip():
        raise WrongShape("Message: it is empty")
    try:
        content = json.loads(published.text)
    except (ValueError, RecursionError):
        content = None
    if is_alarm(content):
        return _of_alarm(shaped(_Alarm, content), published)
    if isinstance(content, Mapping | list):
        odd = (
            "Message is JSON, but no alarm of CloudWatch: it is shown as it came, and is open until somebody closes it"
        )
        return Reading([_of_words(published, _title_in(content), published.text)], odd=[odd])
    first = published.text.strip().splitlines()[0]
    return Reading([_of_words(published, "" if first.startswith(BROKEN_JSON) else first, published.text)])


def _of_alarm(alarm: _Alarm, published: Published) -> Reading:
    state = alarm.NewStateValue.strip().upper()
    if state not in ("ALARM", "OK", "INSUFFICIENT_DATA"):
        return Reading([], odd=[one_line(f"NewStateValue is {state or 'empty'}: neither ALARM nor OK")])
    is_firing, lost_sight = state != "OK", state == "INSUFFICIENT_DATA"
    title = _title(alarm, "insufficient data" if lost_sight else alarm.AlarmDescription)
    said = [alarm.NewStateReason, "" if alarm.AlarmDescription.strip() in title else alarm.AlarmDescription]
    alert = ReceivedAlert(
        title=title,
        firing=is_firing,
        fingerprint=identity(alarm.AlarmArn or f"{alarm.AWSAccountId} {alarm.Region} {alarm.AlarmName}"),
        severity="warning" if lost_sight else published.severity,
        description=some_text("\n\n".join(filter(None, said))),
        url=_console(alarm),
        labels=labels_of({name: value for name, value in _labels(alarm, published).items() if value}),
        starts_at=alarm.StateChangeTime if is_firing else None,
        ends_at=None if is_firing else alarm.StateChangeTime,
    )
    return Reading([alert])


def _title(alarm: _Alarm, what: str) -> str:
    said = what.strip().splitlines()[0] if what.strip() else ""
    return (
        one_line(f"{alarm.AlarmName}: {said}" if said and len(said) <= SHORT else alarm.AlarmName)
        or "An alarm without a name"
    )


def _console(alarm: _Alarm) -> str | None:
    if not alarm.region:
        return None
    host = "console.amazonaws.cn" if alarm.region.startswith("cn-") else "console.aws.amazon.com"
    region = quote(alarm.region, safe="")
    return web_address(
        f"https://{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(alarm.AlarmName, safe='')}"
    )


def _labels(alarm: _Alarm, published: Published) -> dict[str, str]:
    trigger = shaped(_Trigger, alarm.Trigger or {})
    return {
        **_as_dimensions(alarm.Trigger),
        "alarm": alarm.AlarmName,
        "account": alarm.AWSAccountId,
        "region": alarm.region or alarm.Region,
        "metric": trigger.MetricName,
        "namespace": trigger.Namespace,
        "topic": published.topic_name,
    }


def _of_words(published: Published, title: str, description: str) -> ReceivedAlert:
    """An alert that stays open until somebody closes it: nothing will say that it's over."""
    labels = {"topic": published.topic_name, "subject": published.subject}
    shown = one_line(title) or one_line(published.subject) or "A message that is no alarm"
    return ReceivedAlert(
        title=shown,
        firing=True,
        fingerprint=fingerprint_of({"topic": published.topic}, shown),
        severity=published.severity,
        description="" if description.strip() == shown else some_text(description),
        labels=labels_of({name: value for name, value in labels.items() if value}),
    )


def _title_in(content: object) -> str:
    """The publisher's own title; '' if there is none, since JSON makes no title."""
    found = [content.get(name) for name in TITLES] if isinstance(content, Mapping) else []
    return next((one for one in found if isinstance(one, str) and one.strip()), "")
