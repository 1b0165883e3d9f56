"""Planned work: when it is announced, when it begins, and what happens when it takes longer than planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.text import cut, plain_line

State = Literal["planned", "under_way", "done", "cancelled"]
# What becomes due by itself.
Step = Literal["announce", "begin", "ask", "overrun"]

WHAT_LENGTH = 200
REASON_LENGTH = 300
LONGEST = timedelta(days=14)
FURTHEST = timedelta(days=366)
# After the planned end its owner has so long to answer; then whoever was told hears that it takes longer.
ANSWER_WITHIN = timedelta(minutes=15)
# "Now" takes a moment to be typed and read.
A_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True)
class Window:
    """One piece of planned work. `matches`: which alerts are silenced meanwhile, `shown` as it was asked for.

    `audiences`: who is to be told, by key. `components`: what it concerns, as readers call it; empty: nobody has said.
    `notice`: how long before its start that was to be; `announced_at`: when the
    notice was put on its way, which is not yet that it was accepted. `asked_at`: when its owner was asked whether it is
    done, `late_at`: when that had gone unanswered for too long. `reason`: why it was cancelled or moved, else empty.
    """

    id: int
    what: str
    starts_at: datetime
    ends_at: datetime
    notice: timedelta
    audiences: Sequence[str]
    matches: Mapping[str, str]
    shown: str
    author: str
    author_account: str | None
    created_at: datetime
    state: State = "planned"
    silence_id: int | None = None
    announced_at: datetime | None = None
    began_at: datetime | None = None
    asked_at: datetime | None = None
    late_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    reason: str = ""
    components: Sequence[str] = ()

    @property
    def ref(self) -> str:
        return f"M-{self.id}"

    @property
    def affected(self) -> str:
        """As a sentence names it: `Shop, Search and Payments`; empty: nobody has said."""
        *others, last = [*self.components] or [""]
        return " and ".join(one for one in (", ".join(others), last) if one)

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "cancelled")

    @property
    def notice_at(self) -> datetime:
        return max(self.starts_at - self.notice, self.created_at)

    @property
    def notice_is_short(self) -> bool:
        """There was less time than the runbook's notice when it was planned, or moved."""
        return (self.announced_at or self.created_at) > self.starts_at - self.notice + A_MOMENT

    @property
    def is_missed(self) -> bool:
        """It was to begin, and to end, while no process of ours was there: whether it did nobody has said."""
        return self.began_at is not None and self.began_at >= self.ends_at

    @property
    def is_asked(self) -> bool:
        """Its owner has been asked whether it is done, and has not answered."""
        return self.state == "under_way" and self.asked_at is not None

    @property
    def silenced_until(self) -> datetime:
        """Nobody is paged for what is being worked on. When its planned end goes unanswered, alerts speak again."""
        return self.ends_at + ANSWER_WITHIN

    @property
    def due(self) -> tuple[Step, datetime] | None:
        """What is due next, and when; None: nothing before somebody does something."""
        if self.state == "planned":
            if self.audiences and not self.announced_at and self.notice_at < self.starts_at:
                return "announce", self.notice_at
            return "begin", self.starts_at
        if self.state == "under_way":
            if not self.asked_at:
                return "ask", self.ends_at
            if not self.late_at:
                return "overrun", self.asked_at + ANSWER_WITHIN
        return None

    def step(self, now: datetime) -> Step | None:
        """What is to be done now. A notice that is due when the work begins has come too late to be one."""
        if self.due is None or self.due[1] > now:
            return None
        return "begin" if self.state == "planned" and self.starts_at <= now else self.due[0]

    def begun(self, now: datetime) -> "Window":
        """Begun sooner than planned, it ends so much sooner."""
        must_be_planned(self)
        starts_at = min(self.starts_at, now)
        ends_at = self.ends_at - (self.starts_at - starts_at)
        return replace(self, state="under_way", began_at=now, starts_at=starts_at, ends_at=ends_at)

    def over(self, state: Literal["done", "cancelled"], by: str, now: datetime, reason: str = "") -> "Window":
        return replace(self, state=state, ended_at=now, ended_by=by, reason=reason)

    def longer(self, span: timedelta, now: datetime) -> "Window":
        """From its planned end, or from now when that is past. Raises Refused."""
        must_be_under_way(self)
        ends_at = max(self.ends_at, now) + span
        must_be_possible(self.starts_at, ends_at - self.starts_at)
        return replace(self, ends_at=ends_at, asked_at=None, late_at=None)

    def moved(
        self, starts_at: datetime, ends_at: datetime, now: datetime, reason: str, *, somebody_knows: bool
    ) -> "Window":
        """A notice that somebody had is not given again: who had it hears of the move. Raises Refused."""
        must_be_planned(self)
        must_be_ahead(starts_at, now)
        must_be_possible(starts_at, ends_at - starts_at)
        announced_at = now if self.announced_at and somebody_knows else None
        return replace(self, starts_at=starts_at, ends_at=ends_at, announced_at=announced_at, reason=reason)


def must_be_ahead(starts_at: datetime, now: datetime) -> None:
    """Raises Refused."""
    if starts_at < now - A_MOMENT:
        raise Refused("That time is past. Type a later one, such as `tomorrow 22:00` or `2026-12-01 22:00`.")
    if starts_at > now + FURTHEST:
        raise Refused("That is more than a year ahead. Type a time within a year, such as `2026-12-01 22:00`.")


def must_be_possible(starts_at: datetime, lasts: timedelta) -> None:
    """Raises Refused."""
    if not timedelta(minutes=1) <= lasts <= LONGEST:
        raise Refused(f"Maintenance takes a minute at least, {LONGEST.days} days at most: for example `for 2h`.")


def must_be_planned(window: Window) -> None:
    """Raises AlreadyDone."""
    must_not_be_over(window)
    if window.state != "planned":
        raise AlreadyDone(f"{window.ref} has already begun.")


def must_not_be_over(window: Window) -> None:
    """Raises AlreadyDone."""
    if window.is_over:
        raise AlreadyDone(f"{window.ref} {'is done already' if window.state == 'done' else 'was cancelled'}.")


def must_be_under_way(window: Window) -> None:
    """Raises AlreadyDone when it is over, Refused when it has not begun."""
    if window.state == "planned":
        raise Refused(f"{window.ref} has not begun yet. Press `Begin now` on its card first.")
    must_not_be_over(window)


def what_of(text: str) -> str:
    """What is to be done, as it is kept: one line. Raises Refused when there is none."""
    what = cut(plain_line(text), WHAT_LENGTH)
    if not what:
        raise Refused("Say what will be done, in a few words: for example `Database upgrade`.")
    return what
