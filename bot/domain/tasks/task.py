"""Tasks in an incident: somebody is asked for something, perhaps by a time."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.text import cut, plain_line, shows_nothing

WHAT_LENGTH = 300
# The extension given when no duration was stated.
MORE_TIME = timedelta(minutes=15)
# When time is up, and once more.
ASKED_AT_MOST = 2
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)


@dataclass(frozen=True)
class Task:
    """People are a runbook key, else a Slack id. `due_at` None: no time was stated. `ask_at`: when the room is next
    asked about it, planned at `set_at`; None: never."""

    id: int
    incident_id: int
    what: str
    owner: str
    asked_by: str
    asked_at: datetime
    span: timedelta | None
    due_at: datetime | None
    ask_at: datetime | None
    set_at: datetime
    asked: int = 0
    done_at: datetime | None = None
    done_by: str | None = None

    @property
    def is_open(self) -> bool:
        return self.done_at is None

    def done(self, who: str, now: datetime) -> "Task":
        """The task, done. Raises AlreadyDone."""
        self._must_be_open()
        return replace(self, done_at=now, done_by=who, ask_at=None)

    def longer(self, now: datetime) -> "Task":
        """Extended by its original duration, from its end or from now. Raises AlreadyDone."""
        self._must_be_open()
        due_at = max(self.due_at or now, now) + (self.span or MORE_TIME)
        return replace(self, due_at=due_at, ask_at=due_at, set_at=now, asked=0)

    def handed_to(self, who: str, now: datetime) -> "Task":
        """Handed over; if time was already up, with the original duration again. Raises AlreadyDone."""
        self._must_be_open()
        if who == self.owner:
            raise AlreadyDone("This is their task already. Nothing was changed.")
        if self.due_at and self.due_at <= now:
            return replace(self.longer(now), owner=who)
        return replace(self, owner=who)

    def after_asking(self, now: datetime) -> "Task":
        asked = self.asked + 1
        ask_at = now + max(self.span or MORE_TIME, MORE_TIME) if asked < ASKED_AT_MOST else None
        return replace(self, asked=asked, ask_at=ask_at, set_at=now)

    def awake(self, now: datetime) -> "Task":
        """After reopening the incident: asked about when time is up, but not at once."""
        if not self.is_open or self.due_at is None:
            return self
        return replace(self, ask_at=max(self.due_at, now + MORE_TIME), set_at=now, asked=0)

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise AlreadyDone(f"“{self.what}” is done already. Nothing was changed.")


def what_of(text: str) -> str:
    """The text for storage: one line, cut with an ellipsis. Raises Refused if nothing is left."""
    what = plain_line(text)
    if shows_nothing(what):
        raise Refused("Type what has to be done: `/incident task @user <what> [15m]`.")
    return cut(what, WHAT_LENGTH)


def must_be_sensible(span: timedelta | None) -> None:
    """Raise Refused for a duration outside SHORTEST to LONGEST."""
    if span is not None and not SHORTEST <= span <= LONGEST:
        raise Refused("A task can take from 1m to 30d: type for example `15m`.")


def by_owner(tasks: Iterable[Task]) -> dict[str, list[Task]]:
    """Tasks by owner: each person's open ones first, and people with open ones first."""
    found: dict[str, list[Task]] = {}
    for task in sorted(tasks, key=lambda one: (not one.is_open, one.id)):
        found.setdefault(task.owner, []).append(task)
    return found
