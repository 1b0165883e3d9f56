"""Planned work on our status page: in its actual state, but with the words and times as sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from bot.domain.maintenance.window import Window
from bot.domain.updates.public_words import PublicWords, public_id, public_words
from bot.domain.updates.update import Moment

WorkState = Literal["planned", "under_way", "unsure", "done", "cancelled"]


@dataclass(frozen=True)
class SentOfWork:
    """A text about planned work sent to a page's audience; `planned_from` and `planned_until`: the plan at that time,
    None in texts of older versions."""

    id: int
    maintenance_id: int
    moment: Moment
    subject: str
    text: str
    at: datetime
    planned_from: datetime | None
    planned_until: datetime | None


@dataclass(frozen=True)
class PublicWork:
    """One piece of planned work, its texts newest first.

    `unsure`: its time passed while all our processes were down. `starts_at`, `ends_at`: as planned; None: changed
    since, and nobody has been sent the new times. `ended_at`: done or cancelled. `components`: what is affected; empty:
    not stated.
    """

    kind: ClassVar = "work"
    id: str
    state: WorkState
    words: Sequence[PublicWords]
    starts_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    components: Sequence[str] = ()

    @property
    def title(self) -> str:
        return self.words[0].subject

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None


def works_of(sent: Iterable[SentOfWork], windows: Iterable[Window], feed: str) -> list[PublicWork]:
    """Planned work that texts were sent about, in order of time. `windows`: the current state."""
    by_work: dict[int, list[SentOfWork]] = {}
    for one in sorted(sent, key=lambda one: one.id, reverse=True):
        by_work.setdefault(one.maintenance_id, []).append(one)
    known = sorted((one for one in windows if one.id in by_work), key=lambda one: (one.starts_at, one.id))
    return [_work(feed, window, by_work[window.id]) for window in known]


def _work(feed: str, window: Window, texts: Sequence[SentOfWork]) -> PublicWork:
    last = texts[0]
    starts_at, ends_at = last.planned_from or window.starts_at, last.planned_until or window.ends_at
    is_as_sent = (starts_at, ends_at) == (window.starts_at, window.ends_at)
    return PublicWork(
        id=public_id(feed, "work", window.id),
        state="unsure" if window.state == "under_way" and window.is_missed else window.state,
        words=[public_words(feed, one.id, one.moment, one.subject, one.text, one.at) for one in texts],
        starts_at=starts_at if is_as_sent else None,
        ends_at=ends_at if is_as_sent else None,
        ended_at=window.ended_at if window.is_over else None,
        components=window.components,
    )
