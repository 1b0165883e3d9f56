"""Actions: what has to be done to prevent a recurrence, by whom, and reminders."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.people.working_hours import WorkingHours, opening
from bot.domain.text import cut, plain_line, shows_nothing

Priority = Literal["high", "normal", "low"]
PRIORITIES: tuple[Priority, ...] = ("high", "normal", "low")
WHAT_LENGTH = 300
LINK_LENGTH = 500
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
FURTHEST = timedelta(days=3 * 366)


@dataclass(frozen=True)
class Action:
    """People are a runbook key, else a Slack id. `by_at`: the due date. `link`: a ticket. `due_at`: the owner's next
    reminder, planned at `set_at`; None: never."""

    id: int
    incident_id: int
    what: str
    owner: str
    by_at: datetime
    priority: Priority
    link: str | None
    created_by: str
    created_at: datetime
    set_at: datetime
    done_by: str | None = None
    done_at: datetime | None = None
    due_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.done_at is None

    def planned(self, now: datetime, hours: WorkingHours | None) -> "Action":
        """The action with its next reminder: the day before, on time, then weekly; within working hours."""
        if not self.is_open:
            return replace(self, due_at=None, set_at=now)
        ahead = [at for at in (self.by_at - DAY, self.by_at) if at > now]
        return replace(self, due_at=opening(hours, ahead[0] if ahead else now + WEEK), set_at=now)

    def done(self, who: str, now: datetime) -> "Action":
        """The action, done. Raises AlreadyDone."""
        self._must_be_open()
        return replace(self, done_by=who, done_at=now)

    def longer(self, now: datetime) -> "Action":
        """Due a week after its date, or after now if later. Raises AlreadyDone."""
        self._must_be_open()
        return replace(self, by_at=max(self.by_at, now) + WEEK)

    def handed_to(self, who: str) -> "Action":
        """The action with another owner. Raises AlreadyDone."""
        self._must_be_open()
        if who == self.owner:
            raise AlreadyDone("This is their action already. Nothing was changed.")
        return replace(self, owner=who)

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise AlreadyDone(f"“{self.what}” is done already. Nothing was changed.")


@dataclass(frozen=True)
class NewAction:
    """An action as requested; `checked` makes it storable."""

    what: str
    owner: str
    by_at: datetime
    priority: Priority = "normal"
    link: str | None = None

    def checked(self, now: datetime) -> "NewAction":
        """The request cleaned for storage. Raises Refused."""
        what = plain_line(self.what)
        if shows_nothing(what):
            raise Refused("Type what has to be done: `/incident action @user <what> by <date>`.")
        if not now < self.by_at <= now + FURTHEST:
            raise Refused("Give a date within the next three years, for example `by Friday` or `by 12 Dec`.")
        return replace(self, what=cut(what, WHAT_LENGTH), link=link_of(self.link or ""))


def link_of(text: str) -> str | None:
    """A web address; None if empty. Raises Refused."""
    link = plain_line(text)
    if not link:
        return None
    if not link.startswith(("https://", "http://")) or " " in link or len(link) > LINK_LENGTH:
        raise Refused("A link has to be a web address, such as https://tracker.example.com/123.")
    return link
