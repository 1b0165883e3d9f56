"""Planned work: when it is announced, when it begins, and what happens when it overruns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.text import cut, plain_line

State = Literal["planned", "under_way", "done", "cancelled"]
# Steps that become due by themselves.
Step = Literal["announce", "begin", "ask", "overrun"]

WHAT_LENGTH = 200
REASON_LENGTH = 300
LONGEST = timedelta(days=14)
FURTHEST = timedelta(days=366)
# How long the owner has to answer after the planned end; then the audiences are told that it takes longer.
ANSWER_WITHIN = timedelta(minutes=15)
# Tolerance for "now", which takes a moment to type and read.
A_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True)
class Window:
    """A piece of planned work. `matches`: the alerts silenced meanwhile; `shown`: the same as typed.

    `audiences`: keys of those to tell. `components`: what is affected, in readers' words; empty: not stated. `notice`:
    how long before the start to announce it; `announced_at`: when the notice was put in, not yet accepted. `asked_at`:
    when the owner was asked whether it is done; `late_at`: when that had gone unanswered for too long. `reason`: why it
    was cancelled or moved; else empty.
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
        """The components as in a sentence: `Shop, Search and Payments`; empty: not stated."""
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
        """It was planned or moved with less than the runbook's notice."""
        return (self.announced_at or self.created_at) > self.starts_at - self.notice + A_MOMENT

    @property
    def is_missed(self) -> bool:
        """It should have begun and ended while all our processes were down: nobody has said whether it did."""
        return self.began_at is not None and self.began_at >= self.ends_at

    @property
    def is_asked(self) -> bool:
        """The owner has been asked whether it is done, and has not answered."""
        return self.state == "under_way" and self.asked_at is not None

    @property
    def silenced_until(self) -> datetime:
        """Nobody is paged for what is being worked on, until its end has gone unanswered for ANSWER_WITHIN."""
        return self.ends_at + ANSWER_WITHIN

    @property
    def due(self) -> tuple[Step, datetime] | None:
        """The next step and its time; None: none without somebody's action."""
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
        """The step to take now. Once the work begins it is too late to announce it."""
        if self.due is None or self.due[1] > now:
            return None
        return "begin" if self.state == "planned" and self.starts_at <= now else self.due[0]

    def begun(self, now: datetime) -> "Window":
        """The work begun now; if early, it ends earlier by as much."""
        must_be_planned(self)
        starts_at = min(self.starts_at, now)
        ends_at = self.ends_at - (self.starts_at - starts_at)
        return replace(self, state="under_way", began_at=now, starts_at=starts_at, ends_at=ends_at)

    def over(self, state: Literal["done", "cancelled"], by: str, now: datetime, reason: str = "") -> "Window":
        return replace(self, state=state, ended_at=now, ended_by=by, reason=reason)

    def longer(self, span: timedelta, now: datetime) -> "Window":
        """Extended from its planned end, or from now if later. Raises Refused."""
        must_be_under_way(self)
        ends_at = max(self.ends_at, now) + span
        must_be_possible(self.starts_at, ends_at - self.starts_at)
        return replace(self, ends_at=ends_at, asked_at=None, late_at=None)

    def moved(
        self, starts_at: datetime, ends_at: datetime, now: datetime, reason: str, *, somebody_knows: bool
    ) -> "Window":
        """Moved. A notice already received is not sent again; its readers are told of the move. Raises Refused."""
        must_be_planned(self)
        must_be_ahead(starts_at, now)
        must_be_possible(starts_at, ends_at - starts_at)
        announced_at = now if self.announced_at and somebody_knows else None
        return replace(self, starts_at=starts_at, ends_at=ends_at, announced_at=announced_at, reason=reason)


def must_be_ahead(starts_at: datetime, now: datetime) -> None:
    """Raise Refused for a start in the past or more than a year ahead."""
    if starts_at < now - A_MOMENT:
        raise Refused("That time is past. Type a later one, such as `tomorrow 22:00` or `2026-12-01 22:00`.")
    if starts_at > now + FURTHEST:
        raise Refused("That is more than a year ahead. Type a time within a year, such as `2026-12-01 22:00`.")


def must_be_possible(starts_at: datetime, lasts: timedelta) -> None:
    """Raise Refused for a duration under a minute or over LONGEST."""
    if not timedelta(minutes=1) <= lasts <= LONGEST:
        raise Refused(f"Maintenance takes a minute at least, {LONGEST.days} days at most: for example `for 2h`.")


def must_be_planned(window: Window) -> None:
    """Raise AlreadyDone if it has begun or is over."""
    must_not_be_over(window)
    if window.state != "planned":
        raise AlreadyDone(f"{window.ref} has already begun.")


def must_not_be_over(window: Window) -> None:
    """Raise AlreadyDone if it is over."""
    if window.is_over:
        raise AlreadyDone(f"{window.ref} {'is done already' if window.state == 'done' else 'was cancelled'}.")


def must_be_under_way(window: Window) -> None:
    """Raise AlreadyDone when it is over, Refused when it has not begun."""
    if window.state == "planned":
        raise Refused(f"{window.ref} has not begun yet. Press `Begin now` on its card first.")
    must_not_be_over(window)


def what_of(text: str) -> str:
    """The description for storage: one line. Raises Refused when empty."""
    what = cut(plain_line(text), WHAT_LENGTH)
    if not what:
        raise Refused("Say what will be done, in a few words: for example `Database upgrade`.")
    return what
