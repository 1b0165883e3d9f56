"""Uptime Kuma: its notification type Webhook (`server/notification-providers/webhook.js` of the project).

    {"heartbeat": {"monitorID": 3, "status": 0, "time": "2026-08-06 12:32:08.123", "msg": "timeout of 48000ms"},
     "monitor": {"id": 3, "name": "Shop", "url": "https://shop.example.com", "tags": [{"name": "prod", "value": ""}]},
     "msg": "[Shop] [🔴 Down] timeout of 48000ms"}

As JSON, as the field `data` of a multipart form, or in the query of a GET with `heartbeat` and `monitor` as JSON each.
A heartbeat's status is 0 down, 1 up, 2 pending, 3 maintenance; its time is UTC without saying so. The button Test and
the warning that a certificate or domain expires send only `msg`. Nothing is sent when it is renewed.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import BeforeValidator, Field

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of, identity
from bot.sources import Headers, Reading, Unreadable, WrongShape
from bot.sources._shapes import Loose, Shape, labels_of, one_line, read_json, shaped, some_text, web_address
from bot.sources._templated import MOST_FIELDS, moment_of, severity_among, texts

NAME = "uptimekuma"
TITLE = "Uptime Kuma"
BY_QUERY = True

DOWN, UP = "0", "1"
TEST = re.compile(r"\btest(?:ing)?\b", re.IGNORECASE)
STATUSES = {"2": "pending", "3": "in maintenance"}


def _as_tags(value: object) -> list[str]:
    """Each tag's name, with its value if it has one."""
    found = [texts(one) for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
    return [": ".join(filter(None, (one["name"], one.get("value")))) for one in found if "name" in one]


class _Heartbeat(Shape):
    status: Loose = ""
    time: Annotated[datetime | None, BeforeValidator(moment_of)] = None
    msg: Loose = ""


class _Monitor(Shape):
    id: Loose = ""
    name: Loose = ""
    url: Loose = ""
    hostname: Loose = ""
    type: Loose = ""
    tags: Annotated[list[str], BeforeValidator(_as_tags)] = Field(default_factory=list)


class _Notification(Shape):
    heartbeat: _Heartbeat | None = None
    monitor: _Monitor | None = None
    msg: Loose = ""


def parse(body: bytes, headers: Headers) -> Reading:
    notification = shaped(_Notification, _content(body))
    heartbeat, monitor = notification.heartbeat, notification.monitor
    if heartbeat is None and monitor is None:
        return Reading([_of_words(notification.msg)])
    if heartbeat is None or not heartbeat.status:
        raise WrongShape("heartbeat.status is missing from the body")
    if monitor is None or not (monitor.id or monitor.name):
        raise WrongShape("monitor.id is missing from the body")
    if heartbeat.status not in (DOWN, UP):
        state = STATUSES.get(heartbeat.status, f"in status {heartbeat.status}")
        return Reading([], odd=[one_line(f"{monitor.name or monitor.id} is {state}: neither down nor up")])
    return Reading([_received(heartbeat, monitor, notification.msg)])


def _content(body: bytes) -> Any:
    start = body.lstrip()[:2]
    if start == b"--":
        return read_json(_part(body.lstrip()))
    if start[:1] in (b"{", b"["):
        return read_json(body)
    return _query(body.decode("utf-8", "replace"))


def _part(body: bytes) -> bytes:
    """The field `data` of a multipart form, whose boundary is the first line."""
    boundary = re.escape(body.split(b"\n", 1)[0].rstrip())
    found = re.search(rb'\bname="data"[^\n]*\n(?:[^\r\n]+\r?\n)*\r?\n(.*?)\r?\n' + boundary, body, re.DOTALL)
    if not found:
        raise Unreadable("there is no field “data” in the form")
    return found[1]


def _query(text: str) -> Mapping[str, Any]:
    try:
        fields = dict(parse_qsl(text, max_num_fields=MOST_FIELDS))
    except ValueError:
        fields = {}
    if not fields:
        raise Unreadable("the body is neither JSON nor a form")
    parts: dict[str, Any] = {
        name: read_json(fields[name].encode()) for name in ("heartbeat", "monitor") if name in fields
    }
    return {"msg": fields.get("msg"), **parts}


def _received(heartbeat: _Heartbeat, monitor: _Monitor, msg: str) -> ReceivedAlert:
    is_down, name = heartbeat.status == DOWN, monitor.name or f"Monitor {monitor.id}"
    said = heartbeat.msg or msg
    title = one_line(f"{name} is down{f': {said}' if said else ''}" if is_down else f"{name} is up")
    labels = {"monitor": monitor.name, "type": monitor.type, "host": monitor.hostname, "tags": ", ".join(monitor.tags)}
    return ReceivedAlert(
        title=title,
        firing=is_down,
        fingerprint=identity(monitor.id or monitor.name),
        severity=severity_among(monitor.tags) or "down",
        description="" if title.endswith(said) else some_text(said),
        url=web_address(monitor.url),
        labels=labels_of({label: value for label, value in labels.items() if value}),
        starts_at=heartbeat.time if is_down else None,
        ends_at=None if is_down else heartbeat.time,
    )


def _of_words(msg: str) -> ReceivedAlert:
    """A test, or an expiry warning: one alert per thing that expires, however many days are left."""
    title = one_line(msg)
    if not title:
        raise WrongShape("none of heartbeat, monitor and msg is in the body")
    if "expire" not in msg.lower() and TEST.search(msg):
        return ReceivedAlert(title, True, "test", is_test=True)
    severity = "warning" if "expire" in msg.lower() else None
    return ReceivedAlert(title, True, fingerprint_of({}, re.sub(r"\d+", "0", msg)), severity=severity)
