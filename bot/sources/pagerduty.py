"""Senders made for PagerDuty: version 2 of its Events API, and version 1 for older senders.

    {"routing_key": "…", "event_action": "trigger", "dedup_key": "disk-db-1", "client": "Backup", "client_url": "https://…",
     "payload": {"summary": "Disk almost full on db-1", "source": "db-1", "severity": "warning", "component": "disk",
                 "group": "shop", "class": "capacity", "custom_details": {"used": "91 %"}},
     "links": [{"href": "https://…", "text": "Chart"}], "images": [{"src": "https://…", "alt": "Chart"}]}

    {"service_key": "…", "event_type": "trigger", "incident_key": "disk-db-1", "client": "Backup",
     "description": "Disk almost full on db-1", "client_url": "https://…", "details": {"used": "91 %"},
     "contexts": [{"type": "link", "href": "https://…", "text": "Chart"}]}

Events have no reliable start or end time, so they count in the order of arrival. A dedup key is unique per routing key,
as two senders may use the same. A trigger without a key gets one made from its content, so that the same trigger sent
again is the same alert. The answer returns that key, as PagerDuty does.

An acknowledge says that somebody is on it in the sending system. Like a resolve, it keeps the alert from paging. It
doesn't acknowledge an incident already declared from the alert: people do that here.

Events about changes (of `/v2/change/enqueue`) have no `event_action`, and no severity.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of
from bot.domain.errors import Refused
from bot.sources import Headers, Reading, WrongShape
from bot.sources._shapes import (
    MEASURED_LENGTH,
    Loose,
    Shape,
    labels_of,
    measured,
    named_links,
    one_line,
    read_json,
    severity_word,
    shaped,
    some_text,
    web_address,
)

NAME = "pagerduty"
TITLE = "a sender made for PagerDuty"
PATHS = ("v2/enqueue", "v2/change/enqueue", "generic/2010-04-15/create_event.json")

ACTIONS = ("trigger", "acknowledge", "resolve")
MOST_LINKS = 5

# Linear time: every part is bounded, and no part can begin with what may end the one before it.
_KEY = re.compile(rb'"(?:routing|service)_key"\s{0,16}:\s{0,16}"((?:[^"\\]|\\/){1,255})"')

# The prefix that Alertmanager and Grafana write before an alert's name.
_STANDING = re.compile(r"\A\[(?:FIRING|RESOLVED)(?::\d{1,9})?\] ?")


def _as_objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


Objects = Annotated[list[dict[str, Any]], BeforeValidator(_as_objects)]


class _Payload(Shape):
    summary: Loose = ""
    source: Loose = ""
    severity: Loose = ""
    component: Loose = ""
    group: Loose = ""
    class_: Loose = Field("", alias="class")
    custom_details: Any = None

    @property
    def title(self) -> str:
        return one_line(_STANDING.sub("", self.summary.strip()))


def _as_payload(value: object) -> object:
    return value if isinstance(value, Mapping) else {}


class _Event(Shape):
    routing_key: Loose = ""
    event_action: Loose = ""
    dedup_key: Loose = ""
    payload: Annotated[_Payload, BeforeValidator(_as_payload)] = Field(default_factory=_Payload)
    client: Loose = ""
    client_url: Loose = ""
    links: Objects = Field(default_factory=list)
    images: Objects = Field(default_factory=list)

    @property
    def is_change(self) -> bool:
        return not self.event_action and not self.payload.severity and bool(self.payload.summary)

    @property
    def key(self) -> str:
        """The sender's key, otherwise one made from the content."""
        told = self.payload
        made_of = (told.title, told.source, told.component, told.group, told.class_, self.client)
        return self.dedup_key or fingerprint_of({}, *made_of)


class _OldEvent(Shape):
    service_key: Loose = ""
    event_type: Loose = ""
    incident_key: Loose = ""
    description: Loose = ""
    details: Any = None
    client: Loose = ""
    client_url: Loose = ""
    contexts: Objects = Field(default_factory=list)

    def as_event(self) -> _Event:
        """The same event in the terms of version 2. Version 1 has no field for the severity; it's taken from the
        details."""
        severity = self.details.get("severity") if isinstance(self.details, Mapping) else None
        payload = {"summary": self.description, "severity": severity, "custom_details": self.details}
        return _Event.model_validate(
            {"routing_key": self.service_key, "event_action": self.event_type, "dedup_key": self.incident_key}
            | {"payload": payload, "client": self.client, "client_url": self.client_url}
            | {"links": [one for one in self.contexts if one.get("type") == "link"]}
            | {"images": [one for one in self.contexts if one.get("type") == "image"]}
        )


def token_in(body: bytes) -> str | None:
    found = _KEY.search(body)
    return found.group(1).replace(b"\\/", b"/").decode("utf-8", "replace") if found else None


def parse(body: bytes, headers: Headers) -> Reading:
    content = read_json(body)
    event = _read(content)
    if event.is_change and not _is_old(content):
        return Reading([], odd=["an event about a change is no alert, and was left out"])
    field = "event_type" if _is_old(content) else "event_action"
    action = event.event_action.strip().lower()
    if action not in ACTIONS:
        raise WrongShape(f"{field}: must be one of {', '.join(ACTIONS)}")
    if action != "trigger" and not event.dedup_key:
        raise WrongShape(f"{'incident_key' if _is_old(content) else 'dedup_key'}: a {action} needs one")
    if action == "acknowledge":
        return Reading([], acknowledged=[_fingerprint(event)])
    if action == "trigger" and not event.payload.title:
        raise WrongShape(f"{'description' if _is_old(content) else 'payload.summary'}: a trigger needs one")
    return Reading([_received(event, firing=action == "trigger")])


def answer(body: bytes, accepted: int) -> tuple[int, Mapping[str, object]]:
    content = read_json(body)
    event, done = _read(content), {"status": "success", "message": "Event processed"}
    if _is_old(content):
        return 200, done | {"incident_key": event.key}
    return 202, done if event.is_change else done | {"dedup_key": event.key}


def sent_as(body: bytes) -> str | None:
    try:
        return _read(read_json(body)).dedup_key or None
    except Refused:
        return None


def refusal(why: str) -> tuple[int, Mapping[str, object]]:
    return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": [why]}


def _read(content: Any) -> _Event:
    return shaped(_OldEvent, content).as_event() if _is_old(content) else shaped(_Event, content)


def _is_old(content: Any) -> bool:
    return isinstance(content, Mapping) and ("service_key" in content or "event_type" in content)


def _received(event: _Event, *, firing: bool) -> ReceivedAlert:
    told = event.payload
    labels = {"host": told.source, "component": told.component, "group": told.group, "class": told.class_}
    details = told.custom_details
    return ReceivedAlert(
        title=told.title or one_line(event.key) or "An alert without a name",
        firing=firing,
        fingerprint=_fingerprint(event),
        severity=severity_word(told.severity),
        description=some_text("\n".join(_texts(details))),
        url=web_address(event.client_url),
        labels=labels_of({name: value for name, value in (labels | {"client": event.client}).items() if value}),
        links=named_links({_name(link, n): _text(link, "href") for n, link in enumerate(event.links[:MOST_LINKS], 1)}),
        image=next(filter(None, (web_address(_text(image, "src")) for image in event.images)), None),
        measured=measured(dict(_short(details))),
    )


def _fingerprint(event: _Event) -> str:
    return fingerprint_of({}, event.routing_key, event.key)


def _name(link: Mapping[str, Any], number: int) -> str:
    return one_line(_text(link, "text")) or f"Link {number}"


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    return value if isinstance(value, str) else ""


def _texts(details: object) -> Iterator[str]:
    """The details that are too long for the list of short values."""
    if isinstance(details, str):
        yield details
    elif isinstance(details, Mapping):
        yield from (
            f"{name}: {value}" for name, value in details.items() if isinstance(value, str) and not _is_short(value)
        )


def _short(details: object) -> Iterator[tuple[str, object]]:
    if isinstance(details, Mapping):
        yield from ((name, value) for name, value in details.items() if not isinstance(value, str) or _is_short(value))


def _is_short(text: str) -> bool:
    return len(text) <= MEASURED_LENGTH and "\n" not in text.strip()
