"""Silences: which alerts are muted, until when, and by whose wish."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alerts.alert import PAGE_AFTER, Alert, Group, GroupStanding
from bot.domain.alerts.rules import matching
from bot.domain.errors import Refused
from bot.domain.text import cut

DEFAULT_SILENCE = timedelta(hours=1)
LONGEST_SILENCE = timedelta(days=30)
MORE = timedelta(minutes=30)
REASON_LENGTH = 300
PATTERN_LENGTH = 200
MOST_PATTERNS = 10


@dataclass(frozen=True)
class Silence:
    """`source` and `key`: of the one card that is muted, None = whatever `matches`. `ended_by` None: its time was over.

    `muted`: how many alerts it muted, once it has ended.
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

    def covers(self, group: Group, alert: Alert) -> bool:
        if self.key is not None:
            return (self.source, self.key) == (group.source, group.key)
        return matching(self.matches, group.source, alert)


def muted(standing: GroupStanding, silences: Collection[Silence], now: datetime) -> GroupStanding:
    """With the silence it is under: only when each of its alerts is, and until the first of them is no more.

    A page that a silence held back is due when it ends, also when it ends early; but people have as long to answer as
    they always have.
    """
    found = [_longest(standing.group, alert, silences) for alert in standing.standing_for]
    under = [one for one in found if one]
    if not under or len(under) < len(found):
        was_held = standing.group.silenced_until is not None and standing.group.page_at is not None
        page_at = max(now, _due_without(standing)) if was_held else standing.group.page_at
        # Which it was under is kept: its end says how much it has muted.
        group = replace(standing.group, silenced_by=None, silenced_until=None, page_at=page_at)
        return replace(standing, group=group)
    first = min(under, key=lambda one: (one.ends_at, one.id))
    group = replace(standing.group, silence_id=first.id, silenced_by=first.author, silenced_until=first.ends_at)
    return replace(standing, group=group)


def _due_without(standing: GroupStanding) -> datetime:
    """When people would be paged if nothing had been silenced."""
    waiting = [alert.risen_at for alert in standing.unanswered if alert.level == "critical"]
    return min(waiting, default=standing.group.opened_at) + PAGE_AFTER


def _longest(group: Group, alert: Alert, silences: Iterable[Silence]) -> Silence | None:
    return max((one for one in silences if one.covers(group, alert)), key=lambda one: one.ends_at, default=None)


def selected(text: str, checks: Collection[str], sources: Collection[str]) -> Mapping[str, str]:
    """What a selector matches: a check, a source, or `label=value`, several with commas. Raises Refused."""
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
    """Raises Refused."""
    if not timedelta(0) < duration <= LONGEST_SILENCE:
        raise Refused(f"Silence it for some time, at most {longest}: for example 1h.")
