"""Post-mortems: states, due dates and reminders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incidents.incident import Incident
from bot.domain.people.working_hours import WorkingHours, opening
from bot.domain.postmortems.rules import Reason
from bot.domain.text import cut, plain_line

State = Literal["owed", "draft", "in_review", "done", "waived"]
# What has to happen by a date.
Stage = Literal["schedule", "draft", "review"]

WRITING: tuple[State, ...] = ("owed", "draft")
OVER: tuple[State, ...] = ("done", "waived")
REASON_LENGTH = 500
DAY = timedelta(days=1)
# After this many fruitless reminders, somebody else is asked to see to it.
PATIENCE = 2
# After this many reminders they are weekly.
DAILY = 14


@dataclass(frozen=True)
class Postmortem:
    """`reasons`: why it is owed; empty: begun voluntarily. `since`: what its dates count from, the incident's end.
    `version`: the latest one written, 0: none. `scheduled_at`: the review meeting. `link`: where it is kept, if
    elsewhere. `reason`: why it was waived. `due_at`: the next reminder, planned at `set_at`; `asked`: reminders since
    anything was done. `canvas`: the Slack id of its canvas in the room."""

    incident_id: int
    state: State
    owner: str
    reasons: Sequence[Reason]
    since: datetime
    schedule_due_at: datetime
    draft_due_at: datetime
    review_due_at: datetime
    set_at: datetime
    version: int = 0
    scheduled_at: datetime | None = None
    link: str | None = None
    sent_by: str | None = None
    sent_at: datetime | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    reason: str = ""
    withdrawn_at: datetime | None = None
    due_at: datetime | None = None
    asked: int = 0
    canvas: str | None = None

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_live(self) -> bool:
        """Neither over nor withdrawn: somebody has something to do."""
        return not self.is_over and self.withdrawn_at is None

    @property
    def open_stages(self) -> list[tuple[Stage, datetime]]:
        """What has yet to happen and by when, earliest first."""
        if not self.is_live:
            return []
        found: list[tuple[Stage, datetime]] = [("review", self.review_due_at)]
        if self.state in WRITING:
            found.append(("draft", self.draft_due_at))
            if self.scheduled_at is None:
                found.append(("schedule", self.schedule_due_at))
        return sorted(found, key=lambda one: one[1])

    def overdue(self, now: datetime) -> list[tuple[Stage, datetime]]:
        return [one for one in self.open_stages if one[1] <= now]

    @property
    def is_escalated(self) -> bool:
        """Two reminders were fruitless: from the next one on, somebody else is told, too."""
        return self.asked > PATIENCE

    def planned(self, now: datetime, hours: WorkingHours | None) -> "Postmortem":
        """With its next reminder: at the next due date, and a day after the last one while anything is overdue; within
        working hours."""
        again = DAY if self.asked < DAILY else 7 * DAY
        ahead = [by for _, by in self.open_stages if by > now]
        late = [now + again] if self.overdue(now) else []
        due_at = min([*ahead, *late], default=None)
        return replace(self, due_at=opening(hours, due_at) if due_at else None, set_at=now)

    def moved(self, state: State, now: datetime) -> "Postmortem":
        """The post-mortem in another state. Something was done, so reminders start over."""
        return replace(self, state=state, asked=0, set_at=now)


@dataclass(frozen=True)
class Dates:
    """Time limits after the incident's end."""

    schedule_within: timedelta
    draft_within: timedelta
    review_within: timedelta


def begun(incident: Incident, why: Sequence[Reason], dates: Dates, now: datetime, *, owner: str) -> Postmortem:
    """A post-mortem that is owed, or (no reasons) begun voluntarily. Dates count from the incident's end, or for the
    latter from now."""
    ended_at = incident.resolved_at or now
    since = ended_at if why else now
    return Postmortem(
        incident.id, "owed" if why else "draft", owner, tuple(why), since, since + dates.schedule_within,
        since + dates.draft_within, since + dates.review_within, now,
    )  # fmt: skip


def owner_of(incident: Incident) -> str:
    """The lead, else who resolved, acknowledged or declared it; preferably a person."""
    candidates = [incident.lead, incident.resolved_by, incident.acknowledged_by, incident.declared_by]
    people = [one for one in candidates if one and one != "tocsin"]
    return people[0] if people else "tocsin"


def must_be_live(postmortem: Postmortem, incident: Incident) -> None:
    """Raise Refused if it is withdrawn, AlreadyDone if it is over."""
    if postmortem.withdrawn_at is not None:
        raise Refused(f"{incident.ref} is open again. Its post-mortem continues when it's resolved.")
    if postmortem.is_over:
        raise AlreadyDone(f"The post-mortem of {incident.ref} is {postmortem.state} already.")


def must_be_written(postmortem: Postmortem, incident: Incident) -> None:
    """Raise AlreadyDone once it is in review: it is sent once."""
    must_be_live(postmortem, incident)
    if postmortem.state == "in_review":
        raise AlreadyDone(f"The post-mortem of {incident.ref} is in review already. After the review, mark it as done.")


def reason_of(text: str) -> str:
    """The reason for waiving it. Raises Refused if empty."""
    reason = cut(plain_line(text), REASON_LENGTH)
    if not reason:
        raise Refused("Say why no post-mortem is needed: your reason is kept on record.")
    return reason
