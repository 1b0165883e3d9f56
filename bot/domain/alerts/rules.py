"""Applies the runbook's rules to an alert: its level, and what it declares."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Protocol

from bot.domain.alerts.received import LEVELS, Level, ReceivedAlert, identity

# Severity words of monitoring systems, in lower case.
SEVERITIES: Mapping[str, Level] = {
    "critical": "critical", "fatal": "critical", "p1": "critical", "high": "critical", "down": "critical",
    # Used where pages are told apart from tickets.
    "page": "critical",
    "error": "high", "p2": "high",
    "warning": "medium", "p3": "medium",
    "info": "low", "debug": "low", "p4": "low", "p5": "low", "low": "low",
}  # fmt: skip


class AtLeast(Protocol):
    @property
    def count(self) -> int: ...
    @property
    def within(self) -> timedelta: ...


class Labelled(Protocol):
    """An alert as seen by patterns."""

    @property
    def title(self) -> str: ...
    @property
    def severity(self) -> str | None: ...
    @property
    def labels(self) -> Mapping[str, str]: ...


class Rule(Protocol):
    """A rule of the runbook, as needed here."""

    @property
    def match(self) -> Mapping[str, str]: ...
    @property
    def level(self) -> Level | None: ...
    @property
    def declare(self) -> str | None: ...
    @property
    def procedure(self) -> str | None: ...
    @property
    def at_least(self) -> AtLeast | None: ...


@dataclass(frozen=True)
class Verdict:
    """The verdict on an alert. `flagged`: no rule matched and its severity is unknown, so the level is a guess.

    `declares`: the severity of the incident to declare; None: none. `counted`: identifies the rule that waits for
    `at_least` this many alerts; None: one suffices.
    """

    level: Level
    flagged: bool = False
    declares: str | None = None
    procedure: str | None = None
    counted: str | None = None
    at_least: AtLeast | None = None


@dataclass(frozen=True)
class Judged:
    """An alert of a delivery with its verdict; `times`: how often the delivery reported it firing.

    `arrived`: when it was received. `delivery`: the stored delivery; None: not stored, or raised by Tocsin itself.
    """

    alert: ReceivedAlert
    verdict: Verdict
    times: int
    arrived: datetime
    delivery: int | None = None

    @property
    def group_key(self) -> str:
        """Alerts counted together by a rule share a group, else those grouped by their source."""
        return identity(self.verdict.counted or self.alert.group or self.alert.fingerprint)


def gathered(rules: Sequence[Rule], source: str, received: Iterable[ReceivedAlert], arrived: datetime) -> list[Judged]:
    """Each alert of a delivery once: the last report counts, in the place of the first."""
    told: dict[str, Judged] = {}
    for alert in received:
        times = told[alert.fingerprint].times if alert.fingerprint in told else 0
        verdict = judge(rules, source, alert)
        told[alert.fingerprint] = Judged(alert, verdict, times + 1 if alert.firing else 0, arrived)
    return list(told.values())


def judge(rules: Sequence[Rule], source: str, alert: ReceivedAlert) -> Verdict:
    """What the alert itself sets wins, then the first matching rule, then its severity."""
    if alert.is_test:
        return Verdict("low", procedure=alert.procedure)
    rule = next((rule for rule in rules if matching(rule.match, source, alert)), None)
    known = alert.level or (rule.level if rule else None) or level_of(alert.severity)
    level: Level = known or "medium"
    if rule is None:
        return Verdict(level, known is None, alert.declare, alert.procedure)
    counted = json.dumps(dict(rule.match), sort_keys=True) if rule.at_least else None
    declares, procedure = alert.declare or rule.declare, alert.procedure or rule.procedure
    return Verdict(level, False, declares, procedure, counted, rule.at_least)


def matching(match: Mapping[str, str], source: str, alert: Labelled) -> bool:
    """Whether every pattern matches, looking at labels first, then title, severity and source. A missing value never
    does."""
    own = {"title": alert.title, "severity": alert.severity, "source": source}
    values = {name: alert.labels.get(name, own.get(name)) for name in match}
    return all((value := values[name]) is not None and fnmatchcase(value, wish) for name, wish in match.items())


def level_of(severity: str | None) -> Level | None:
    """None for an unknown word. Exactly our spelling (`high`) is our level; otherwise as in SEVERITIES (Pingdom's
    HIGH)."""
    for level in LEVELS:
        if severity == level:
            return level
    return SEVERITIES.get(severity.strip().lower()) if severity else None
