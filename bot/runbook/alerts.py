"""What happens with an alert: its level, where it is posted, and when it declares an incident."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from bot.domain.errors import Refused
from bot.runbook.addresses import Webhook
from bot.runbook.alert_sources import AlertSource
from bot.runbook.durations import format_duration, parse_duration
from bot.runbook.parts import Keyed, Part, with_keys
from bot.runbook.values import Duration, Emails, Level, Name, Span, Text, a_list, read_by
from bot.runbook.written import values_scalar, written

Outlet = Literal["slack", "email", "webhook"]
Outlets = Annotated[tuple[Outlet, ...], a_list("slack, email or webhook")]


class Levels(Part):
    """Where alerts of each level are sent."""

    critical: Outlets = ("slack", "email", "webhook")
    high: Outlets = ("slack", "email")
    medium: Outlets = ("slack",)
    low: Outlets = ("slack",)

    def outlets(self, level: Level) -> tuple[Outlet, ...]:
        return {"critical": self.critical, "high": self.high, "medium": self.medium, "low": self.low}[level]


@dataclass(frozen=True)
class AtLeastMatch:
    """A number of alerts within a time. Written `5 in 1h`."""

    count: int
    within: timedelta

    def __str__(self) -> str:
        return f"{self.count} in {format_duration(self.within)}"

    @classmethod
    def parse(cls, text: str) -> "AtLeastMatch":
        count, word, within = (*text.split(maxsplit=2), "", "", "")[:3]
        if not re.fullmatch("[0-9]{1,6}", count) or int(count) < 1 or word != "in" or not within:
            raise Refused(f"“{text}” is not a count within a time: say for example 5 in 1h")
        return cls(int(count), parse_duration(within))


@written(values_scalar)
def _as_texts(match: object) -> object:
    """Labels are text: 500 and true are compared as they are written."""
    if not isinstance(match, Mapping):
        return match
    return {label: _as_text(value) for label, value in match.items()}


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


class AlertRule(Part):
    """The first rule whose labels all match wins. Values may contain `*`, `?` and `[…]`; without `match` it takes every
    alert.

    `level` None: the alert's own.
    """

    match: Annotated[dict[str, Text], BeforeValidator(_as_texts)] = Field(default_factory=dict)
    level: Level | None = None
    declare: Name | None = None
    procedure: Name | None = None
    at_least: (
        Annotated[
            AtLeastMatch,
            read_by(AtLeastMatch.parse, "a count within a time such as 5 in 1h"),
            PlainSerializer(str, return_type=str, when_used="json"),
        ]
        | None
    ) = None


class Heartbeat(Keyed):
    """A job that should report `every` so often; an alert opens after another `grace` of silence."""

    every: Duration
    grace: Span = timedelta(minutes=5)
    level: Level = "high"


class AlertSettings(Part):
    levels: Levels = Levels()
    email: Emails = ()
    webhook: Webhook | None = None
    rules: Annotated[tuple[AlertRule, ...], a_list("rules")] = ()
    heartbeats: Annotated[dict[str, Heartbeat], with_keys] = Field(default_factory=dict)
    sources: Annotated[dict[str, AlertSource], with_keys] = Field(default_factory=dict)
