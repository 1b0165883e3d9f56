"""An alert as received from its source, before any verdict."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bot.domain.text import cut, plain

Level = Literal["critical", "high", "medium", "low"]
# Gravest first.
LEVELS: tuple[Level, ...] = ("critical", "high", "medium", "low")

FINGERPRINT_LENGTH = 16
# Limit for names chosen by a sender; longer ones are hashed, to fit an index.
IDENTITY_LENGTH = 255
SITE_LENGTH = 60
# Per delivery: what can be stored and shown within seconds.
MOST_ALERTS = 10_000


@dataclass(frozen=True)
class ReceivedAlert:
    """One alert as its source reported it.

    `severity`: the source's own word; None: none. `group`: alerts with equal values share a card; None: it has its own.
    `level`, `declare`, `procedure`: set by sources that know, such as heartbeats and checks; None: rules and severity
    decide. `starts_at`, `ends_at`: tell episodes apart, by the source's clock; None: not given. `told_by`: which of
    several senders reported it, each ordered in itself; None: unknown. `links`: further URLs of the source by name,
    such as a dashboard; `image`: URL of a picture; `measured`: values by name. `is_test`: a trial or test data, which
    pages and declares nothing.
    """

    title: str
    firing: bool
    fingerprint: str
    severity: str | None = None
    description: str = ""
    url: str | None = None
    runbook_url: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    group: str | None = None
    level: Level | None = None
    declare: str | None = None
    procedure: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    told_by: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    measured: Mapping[str, str] = field(default_factory=dict)
    is_test: bool = False


@dataclass(frozen=True)
class Listing:
    """A whole group in one delivery, except `hidden` alerts left out.

    If none is hidden, alerts of the group missing from the delivery no longer fire: they are over, or muted at the
    source.
    """

    group: str
    hidden: int = 0


def fingerprint_of(labels: Mapping[str, str], *more: str) -> str:
    """A fingerprint for alerts without their own: equal for equal labels in any order."""
    written = json.dumps([sorted(labels.items()), *more], ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()[:FINGERPRINT_LENGTH]


def identity(text: str) -> str:
    """A sender's name for an alert, group or delivery, made storable and short enough for an index."""
    if len(text) <= IDENTITY_LENGTH and text == plain(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def at_site(site: str, alert: ReceivedAlert) -> ReceivedAlert:
    """The alert with names made unique to `site`, for sources used at several sites; `site` becomes a label for
    rules."""
    return replace(
        alert,
        fingerprint=named_at(site, alert.fingerprint),
        group=alert.group and named_at(site, alert.group),
        labels={"site": cut(site, SITE_LENGTH), **alert.labels},
    )


def named_at(site: str, name: str) -> str:
    """A name unique to this site."""
    return fingerprint_of({"site": site}, name)
