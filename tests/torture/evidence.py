"""What is known of a torture run without asking the bot: what the providers took, and what people were answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.answers import AppAnswer
from tests.torture.providers import Taken
from tests.world import words_of


@dataclass(frozen=True)
class Said:
    """What somebody did about the incident of this title, and the answer, to which more may come."""

    deed: str
    title: str
    answer: AppAnswer

    @property
    def was_taken(self) -> bool:
        """Slack had its acknowledgement, and nobody was told that nothing was recorded."""
        return self.answer.error is None and not self.was_turned_away and not self.was_set_aside

    @property
    def was_turned_away(self) -> bool:
        return self._heard("Nothing was recorded")

    @property
    def was_set_aside(self) -> bool:
        """Two processes were killed at work on it: it is not tried a third time, and whoever asked is told so."""
        return self._heard("Not done, and won't be")

    @property
    def was_left_open(self) -> bool:
        """Told that it was not known, and never which: whoever was to find out was killed before it could."""
        return self._heard("whether this was recorded") and not (self.was_turned_away or self.was_confirmed)

    @property
    def was_confirmed(self) -> bool:
        return self._heard("*Recorded:*")

    def _heard(self, words: str) -> bool:
        return any(words in words_of(message) for message in self.answer.messages)


@dataclass(frozen=True)
class Page:
    """A row of `pages`. `claimed_at`: when the attempt began that was successful; None = not known."""

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
    """Somebody acknowledged or resolved; `at` is when that was committed."""

    kind: str
    actor: str
    at: datetime


@dataclass
class Incident:
    """An incident with all that the database has of it."""

    id: int
    title: str
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
        """When the paging by itself had to end; None = nobody has answered."""
        kinds = ("resolved",) if self.policy["stops_on"] == "resolved" else ("acknowledged", "resolved")
        return min((answer.at for answer in self.answers if answer.kind in kinds), default=None)

    @property
    def acknowledged_by(self) -> set[str]:
        return {answer.actor for answer in self.answers if answer.kind == "acknowledged"}

    def pages_of(self, turn: tuple[int, int, int]) -> list[Page]:
        return [page for page in self.pages if page.turn == turn]

    @property
    def turns(self) -> list[tuple[int, int, int]]:
        """The steps that were taken, in order; nobody called by hand beside the ladder."""
        return sorted({page.turn for page in self.pages if page.step >= 0})


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
    database's clock has been told to be at most, and so every time in its rows."""

    incidents: Sequence[Incident]
    requests: Sequence[Request]
    taken: Sequence[Taken]
    posts: Sequence[tuple[str, str]]
    said: Sequence[Said]
    stepped_by: timedelta = timedelta(0)
