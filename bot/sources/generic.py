"""The generic webhook, for anything that can post JSON: scripts, jobs, systems without a source of their own.

    {"title": "Disk almost full", "status": "firing", "fingerprint": "disk-db-1", "severity": "warning",
     "description": "91 % of /var", "url": "https://…", "labels": {"host": "db-1"}}

Or a list of such alerts under `alerts`. Only `title` and `status` are required. Without a fingerprint, title and labels
identify an alert. The header `Idempotency-Key` identifies a delivery: a repeat with the same key changes nothing.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bot.domain.alerts.received import ReceivedAlert, fingerprint_of, identity
from bot.sources import Headers, Reading
from bot.sources._shapes import (
    Labels,
    Shape,
    Text,
    delivery_named_by,
    known,
    labels_of,
    oddities,
    one_line,
    read_json,
    severity_word,
    shaped,
    shaped_each,
    some_text,
    web_address,
)

NAME = "generic"
TITLE = "the generic webhook"


def _with_words(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


class _Alert(Shape):
    title: Annotated[Text, AfterValidator(_with_words)]
    status: Literal["firing", "resolved"]
    fingerprint: Text | None = None
    severity: Text | None = None
    description: Text | None = None
    url: Text | None = None
    runbook_url: Text | None = None
    labels: Labels = Field(default_factory=dict)


def parse(body: bytes, headers: Headers) -> Reading:
    content = read_json(body)
    if isinstance(content, Mapping) and "alerts" in content:
        alerts, odd = shaped_each(_Alert, content["alerts"], "alerts")
    else:
        alerts = [shaped(_Alert, content)]
        odd = [one.removeprefix(".") for one in oddities(content, "")]
    return Reading([_received(alert) for alert in alerts], odd=odd)


def delivery(body: bytes, headers: Headers) -> str | None:
    return delivery_named_by("Idempotency-Key", body, headers)


def _received(alert: _Alert) -> ReceivedAlert:
    labels = known(alert.labels)
    return ReceivedAlert(
        title=one_line(alert.title),
        firing=alert.status == "firing",
        fingerprint=identity(alert.fingerprint) if alert.fingerprint else fingerprint_of(labels, alert.title),
        severity=severity_word(alert.severity or labels.get("severity")),
        description=some_text(alert.description or ""),
        url=web_address(alert.url),
        runbook_url=web_address(alert.runbook_url or labels.get("runbook_url")),
        labels=labels_of(labels),
    )
