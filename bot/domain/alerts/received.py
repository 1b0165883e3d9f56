"""An alert as its source told it, before anything has been made of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bot.domain.text import cut, plain

Level = Literal["critical", "high", "medium", "low"]
# The gravest first.
LEVELS: tuple[Level, ...] = ("critical", "high", "medium", "low")

FINGERPRINT_LENGTH = 16
# Of what a sender may choose itself: longer ones are hashed, so that an index can hold them.
IDENTITY_LENGTH = 255
SITE_LENGTH = 60
# Of one delivery: as many are stored and shown within seconds.
MOST_ALERTS = 10_000


@dataclass(frozen=True)
class ReceivedAlert:
    """One alert as its source told it.

    `severity` is the source's own word, None = it has none. `group`: alerts with the same one share a card, None = this
    one stands alone. `level`, `declare` and `procedure` are set by those who know them, such as a heartbeat or a check;
    None = rules and severity decide. `starts_at` and `ends_at` tell one episode from the next, by the source's clock;
    None = it does not say. `told_by`: which of several senders of the source told it, each in order; None = unknown.
    `links`: more addresses of its source by name, such as a dashboard; `image`: of a picture; `measured`: values by
    name. `is_test`: somebody tries the way here, or it is about test data: it pages and declares nothing.
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
    """A whole group in one delivery: what fires in it is in the delivery, except `hidden` alerts that were left out.

    With none left out, an alert of the group that is not in the delivery fires no more: it is over, or muted there.
    """

    group: str
    hidden: int = 0


def fingerprint_of(labels: Mapping[str, str], *more: str) -> str:
    """For an alert that brings none: the same for the same labels, in whatever order they come."""
    written = json.dumps([sorted(labels.items()), *more], ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()[:FINGERPRINT_LENGTH]


def identity(text: str) -> str:
    """A sender's own name of an alert, group or delivery, short enough for an index, in signs that can be kept."""
    if len(text) <= IDENTITY_LENGTH and text == plain(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def at_site(site: str, alert: ReceivedAlert) -> ReceivedAlert:
    """The alert as that of one site among several that use the same names; `site` is a label of it, for rules."""
    return replace(
        alert,
        fingerprint=named_at(site, alert.fingerprint),
        group=alert.group and named_at(site, alert.group),
        labels={"site": cut(site, SITE_LENGTH), **alert.labels},
    )


def named_at(site: str, name: str) -> str:
    """What no other site calls so."""
    return fingerprint_of({"site": site}, name)
