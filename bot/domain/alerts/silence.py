"""Silences: which alerts are muted, until when, and by whom."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.alerts.alert import PAGE_AFTER, GroupStanding
from bot.domain.alerts.rules import Labelled, matching
from bot.domain.errors import Refused
from bot.domain.text import cut

DEFAULT_SILENCE = timedelta(hours=1)
LONGEST_SILENCE = timedelta(days=30)
MORE = timedelta(minutes=30)
REASON_LENGTH = 300
PATTERN_LENGTH = 200
MOST_PATTERNS = 10


class Card(Protocol):
    """What identifies a card."""

    @property
    def source(self) -> str: ...
    @property
    def key(self) -> str: ...


@dataclass(frozen=True)
class Silence:
    """`source` and `key`: the one card muted; None: whatever `matches`. `ended_by` None: it ran out.

    `muted`: how many alerts it muted, set when it ends.
    """

    id: int
    source: str | None
    key: str | None
    matches: Mapping[str, str]
    shown: str
    author: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    muted: int = 0

    @property
    def ref(self) -> str:
        return f"S-{self.id}"

    def covers(self, card: Card, alert: Labelled) -> bool:
        if self.key is not None:
            return (self.source, self.key) == (card.source, card.key)
        return matching(self.matches, card.source, alert)


@dataclass(frozen=True)
class Firing:
    """A firing alert, on the card of `source` and `key`."""

    group_id: int
    source: str
    key: str
    title: str
    severity: str | None
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Muted:
    """How many alerts a silence muted, and how many of those fire now."""

    muted: int = 0
    firing: int = 0


@dataclass(frozen=True)
class Reach:
    """How many firing alerts a silence matches, and how many of these are on muted cards.

    The rest share a card with an alert that no silence matches, so their card stays loud.
    """

    matching: int = 0
    muted: int = 0

    @property
    def loud(self) -> int:
        return self.matching - self.muted

    def __add__(self, other: "Reach") -> "Reach":
        return Reach(self.matching + other.matching, self.muted + other.muted)


def muted(standing: GroupStanding, silences: Collection[Silence], now: datetime) -> GroupStanding:
    """Apply silences to the group: muted only if every alert is, until the first of them no longer is.

    A page held back is due when the silence ends, even early, but people get the usual time to answer first.
    """
    found = [_covering(standing.group, alert, silences) for alert in standing.standing_for]
    if not found or not all(found):
        was_held = standing.group.silenced_until is not None and standing.group.page_at is not None
        page_at = max(now, _due_without(standing)) if was_held else standing.group.page_at
        # Keep the ids of past silences, which are needed to count what they muted.
        group = replace(standing.group, silenced_by=None, silenced_until=None, page_at=page_at)
        return replace(standing, group=group)
    longest = [max(under, key=lambda one: one.ends_at) for under in found]
    first = min(longest, key=lambda one: (one.ends_at, one.id))
    ever = {*standing.group.silence_ids, *(one.id for under in found for one in under)}
    group = replace(
        standing.group, silence_id=first.id, silence_ids=tuple(sorted(ever)), silenced_by=first.author,
        silenced_until=first.ends_at,
    )  # fmt: skip
    return replace(standing, group=group)


def reach(silence: Silence, silences: Collection[Silence], firing: Collection[Firing]) -> Reach:
    """`silences`: all in force, including this one; `firing`: complete groups."""
    matches = [one for one in firing if silence.covers(one, one)]
    loud = {one.group_id for one in firing if not _covering(one, one, silences)}
    return Reach(len(matches), sum(one.group_id not in loud for one in matches))


def newly_muted(standing: GroupStanding, silences: Collection[Silence], now: datetime) -> dict[int, list[int]]:
    """For alerts that one of these mutes for the first time: by alert id, every silence that has ever muted it.

    An alert isn't muted on a card that another one keeps loud, nor on a quiet card, which would tell nobody anyway.
    """
    if standing.group.quiet or not standing.group.is_silenced(now):
        return {}
    under = {one.id: {found.id for found in _covering(standing.group, one, silences)} for one in standing.standing_for}
    known = {one.id: set(one.silence_ids) for one in standing.standing_for}
    return {id_: sorted(found | known[id_]) for id_, found in under.items() if not found <= known[id_]}


def _due_without(standing: GroupStanding) -> datetime:
    """When people would have been paged without any silence."""
    waiting = [alert.risen_at for alert in standing.unanswered if alert.level == "critical"]
    return min(waiting, default=standing.group.opened_at) + PAGE_AFTER


def _covering(card: Card, alert: Labelled, silences: Iterable[Silence]) -> list[Silence]:
    return [one for one in silences if one.covers(card, alert)]


def selected(text: str, checks: Collection[str], sources: Collection[str]) -> Mapping[str, str]:
    """Parse a selector: a check, a source, or `label=value` pairs separated by commas. Raises Refused."""
    word = text.strip()
    if word in checks:
        return {"source": "health", "check": word}
    if word in sources:
        return {"source": word}
    parts = [part.partition("=") for part in word.split(",") if part.strip()]
    matches = {name.strip(): _unquoted(value) for name, _, value in parts}
    if not matches or not all(sign and name.strip() and _unquoted(value) for name, sign, value in parts):
        known, shown = ", ".join([*sorted(checks), *sorted(sources)]), cut(word, PATTERN_LENGTH)
        raise Refused(f"“{shown}” is no check and no source: {known}. Or write label=value, such as instance=db-1*")
    if len(matches) > MOST_PATTERNS or any(len(one) > PATTERN_LENGTH for pair in matches.items() for one in pair):
        raise Refused(f"That is too much: at most {MOST_PATTERNS} labels, {PATTERN_LENGTH} characters each")
    return matches


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def must_be_reasonable(duration: timedelta, longest: str) -> None:
    """Raise Refused unless it is longer than zero and at most LONGEST_SILENCE, shown as `longest`."""
    if not timedelta(0) < duration <= LONGEST_SILENCE:
        raise Refused(f"Silence it for some time, at most {longest}: for example 1h.")
