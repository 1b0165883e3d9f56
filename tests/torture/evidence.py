"""What is known about a torture run without asking the bot: what providers accepted and people were answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sandbox.answers import AppAnswer
from tests.torture.providers import Taken
from tests.world import words_of


@dataclass(frozen=True)
class Said:
    """What somebody did about the incident of this title, and the answer so far."""

    deed: str
    title: str
    answer: AppAnswer
    who: str = ""

    @property
    def was_taken(self) -> bool:
        """Slack got its acknowledgement, and no answer said that nothing was recorded or that it is unknown."""
        is_done = not (self.was_turned_away or self.was_set_aside or self.was_left_open)
        return self.answer.error is None and is_done

    @property
    def was_turned_away(self) -> bool:
        return self._heard("Nothing was recorded")

    @property
    def was_set_aside(self) -> bool:
        """Two processes died processing it, so it is not retried, and the person is told."""
        return self._heard("Not done, and won't be")

    @property
    def was_left_open(self) -> bool:
        """Told that the outcome was unknown, and never more: the process finding out was killed first."""
        return self._heard("whether this was recorded") and not (self.was_turned_away or self.was_confirmed)

    @property
    def was_confirmed(self) -> bool:
        return self._heard("*Recorded:*")

    @property
    def heard(self) -> list[tuple[str, datetime]]:
        """Every answer, with its time."""
        return [(words_of(one), datetime.fromtimestamp(float(one.ts), UTC)) for one in self.answer.messages]

    def _heard(self, words: str) -> bool:
        return any(words in heard for heard, _ in self.heard)


@dataclass(frozen=True)
class Page:
    """A row of `pages`. `claimed_at`: when the successful attempt began; None = unknown."""

    id: int
    incident_id: int
    run: int
    loop: int
    step: int
    tier: str | None
    person: str
    via: str
    state: str
    due_at: datetime
    first_attempt_at: datetime | None
    accepted_at: datetime | None
    reference: str | None
    error: str | None
    claimed_at: datetime | None

    def __str__(self) -> str:
        where = f"page {self.id} of INC-{self.incident_id} at {self.turn} to {self.person} by {self.via}"
        return f"{where}, {self.state}, {self.reference or self.error}"

    @property
    def turn(self) -> tuple[int, int, int]:
        return self.run, self.loop, self.step


@dataclass(frozen=True)
class Step:
    tier: str
    wait_s: float


@dataclass(frozen=True)
class Answered:
    """An acknowledgement, resolution, snooze or escalation by hand; `at`: its commit."""

    kind: str
    actor: str
    at: datetime


@dataclass
class Incident:
    """An incident with everything the database has about it."""

    id: int
    title: str
    severity: str
    room_id: str | None
    declared_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    state: str
    run: int
    loop: int
    step: int
    policy: Mapping[str, Any]
    pages: list[Page] = field(default_factory=list)
    by_hand: list[datetime] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)

    @property
    def steps(self) -> list[Step]:
        return [Step(one["tier"], one["wait_s"]) for one in self.policy["steps"]]

    @property
    def stops_at(self) -> datetime | None:
        """When automatic paging had to end; None = nobody acknowledged."""
        kinds = ("resolved",) if self.policy["stops_on"] == "resolved" else ("acknowledged", "resolved")
        return min((answer.at for answer in self.answers if answer.kind in kinds), default=None)

    @property
    def acknowledged_by(self) -> set[str]:
        return {answer.actor for answer in self.answers if answer.kind == "acknowledged"}

    def pages_of(self, turn: tuple[int, int, int]) -> list[Page]:
        return [page for page in self.pages if page.turn == turn]

    @property
    def turns(self) -> list[tuple[int, int, int]]:
        """The ladder's steps taken, in order, without pages by hand."""
        return sorted({page.turn for page in self.pages if page.step >= 0})


@dataclass(frozen=True)
class Written:
    """A message as the bot wrote it, or edited it later. `is_last`: nothing was written over it; `at` is never later
    than when it was written."""

    key: str
    place: str
    words: str
    at: datetime
    is_last: bool


@dataclass(frozen=True)
class AlertAnswer:
    """The answer to one attempt to send an alert; `status` 0: none. Each attempt has a different body."""

    attempt: str
    status: int
    words: str = ""


@dataclass(frozen=True)
class Request:
    key: str
    kind: str
    worked_at: datetime | None
    set_aside_at: datetime | None
    error: str | None


@dataclass(frozen=True)
class Evidence:
    """`posts`: every message the bot posted, as (place, our name of it or its words). `stepped_by`: how wrong the
    database's clock has been told to be at most, and so every time in its rows. `names`: how people are called in what
    is written, by their key in the runbook and by their Slack id; `tiers` likewise."""

    incidents: Sequence[Incident]
    requests: Sequence[Request]
    taken: Sequence[Taken]
    posts: Sequence[tuple[str, str]]
    said: Sequence[Said]
    written: Sequence[Written] = ()
    alerts: Sequence[AlertAnswer] = ()
    alerts_kept: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)
    stepped_by: timedelta = timedelta(0)
