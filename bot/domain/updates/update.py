"""Stakeholder updates: who is told automatically at which moment, and what must hold before a text leaves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, get_args

from bot.domain.errors import AlreadyDone, NotPermitted, Refused
from bot.domain.incidents.incident import DRILL, Incident, Status
from bot.domain.text import plain, plain_line
from bot.domain.updates.lint import Finding

# The name of a file in `bot/publishers/`.
Outlet = str
Moment = Literal[
    "declared", "update", "severity", "resolved", "reopened", "all_clear", "security", "breach", "postmortem",
    "maintenance_announced", "maintenance_begun", "maintenance_overrun", "maintenance_done", "maintenance_cancelled",
    "maintenance_moved",
]  # fmt: skip
# About planned work.
PLANNED: tuple[Moment, ...] = tuple(one for one in get_args(Moment) if one.startswith("maintenance_"))
# About incidents.
MOMENTS: tuple[Moment, ...] = tuple(one for one in get_args(Moment) if one not in PLANNED)
# Sent only by people; they do not change whether the audience believes the incident open or over.
NOTICES: tuple[Moment, ...] = ("security", "breach", "postmortem")
State = Literal["composing", "draft", "waiting", "released", "rejected", "replaced", "failed"]
DeliveryState = Literal["waiting", "accepted", "refused", "gave_up", "cancelled"]

# Marks what nobody knew when the text was composed, for a person to fill in.
TO_BE_CONFIRMED = "[to be confirmed]"
# Room for the longest title with severity and reference.
SUBJECT_LENGTH = 300
# Slack's limit for a form field.
TEXT_LENGTH = 3000
# A text delayed longer than this is dropped if a newer one is waiting behind it.
STALE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Update:
    """One text for one audience about one moment of an incident. `status` and `severity`: the incident's at that time.

    For planned work there is `maintenance_id` instead, without incident, status or severity; `planned_from` and
    `planned_until`: the plan at that time. `overruled`: why it leaves despite findings, given for those with the marks
    `overruled_for`.

    States: `composing` until it has words, `draft` while only its author knows it, `waiting` for approval, `released`
    when it may leave, `replaced` when a newer text or newer facts came before a decision.
    """

    id: int
    incident_id: int | None
    audience: str
    moment: Moment
    status: Status | None
    subject: str
    text: str
    author: str
    state: State
    created_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    error: str | None = None
    author_account: str | None = None
    severity: str | None = None
    maintenance_id: int | None = None
    written_at: datetime | None = None
    planned_from: datetime | None = None
    planned_until: datetime | None = None
    overruled: str | None = None
    overruled_for: Sequence[str] = ()

    @property
    def digest(self) -> str:
        """A short hash of exactly these words, to compare by eye."""
        return sha256(f"{self.subject}\n{self.text}".encode()).hexdigest()[:8]

    @property
    def promises_since(self) -> datetime:
        """What the times it promises are relative to."""
        return self.written_at or self.created_at

    @property
    def of_incident(self) -> int:
        """The incident's id. Raises Refused for texts about planned work."""
        if self.incident_id is None:
            raise Refused(f"This is about planned work: `/incident maintenance M-{self.maintenance_id}` shows it.")
        return self.incident_id

    @property
    def of_maintenance(self) -> int:
        """The planned work's id. Raises Refused for texts about incidents."""
        if self.maintenance_id is None:
            raise Refused(f"This is about INC-{self.incident_id}, and not about planned work.")
        return self.maintenance_id

    @property
    def left_at(self) -> datetime:
        """When it was released, if it was."""
        return self.decided_at or self.created_at


@dataclass(frozen=True)
class UpdateDelivery:
    """An update on its way to one address. `accepted` is what the provider said, never what we hope.

    `unsure`: an attempt may have been accepted without our hearing of it, so never say that this was not sent.
    """

    id: int
    update_id: int
    via: Outlet
    address: str
    state: DeliveryState = "waiting"
    settled_at: datetime | None = None
    reference: str | None = None
    error: str | None = None
    unsure: bool = False


@dataclass(frozen=True)
class LastUpdate:
    """The latest an audience was told about an incident. `severity`: as told then; None: unknown.

    `partly`: it was stopped before reaching some addresses. `reached`: at least one address has it, or may have it;
    else it is still on its way to all.
    """

    moment: Moment
    at: datetime
    severity: str | None = None
    partly: bool = False
    reached: bool = True


class OutOfDate(Refused):
    """The text was written when the incident stood differently."""


class Doubtful(Refused):
    """Findings in the text: it leaves once a person gives a reason."""

    def __init__(self, found: Sequence[Finding], explained: Sequence[Finding] = ()) -> None:
        """`explained`: findings that already had a reason before the others came up."""
        super().__init__("Not sent: look at what was found in the text.")
        self.found = found
        self.explained = explained


# Changes of an incident that are told automatically.
TOLD_OF = ("declared", "status", "resolved", "reopened")
# Moments that say it is over, and that it begins or goes on; notices say neither.
ENDS: tuple[Moment, ...] = ("resolved", "all_clear")
GOES_ON: tuple[Moment, ...] = ("declared", "update", "severity", "reopened")
# Meaningless to somebody who has never heard of it.
CLOSES: tuple[Moment, ...] = (*ENDS, "maintenance_done", "maintenance_cancelled")
# Sent only for the time in it.
NAMES_TIME: tuple[Moment, ...] = ("maintenance_announced", "maintenance_moved", "maintenance_overrun")
NEWER = "a newer text is on its way"
UNHEARD = "nothing about it has reached this address"


def may_be_told(incident: Incident) -> bool:
    return not incident.drill and not incident.private


def must_be_tellable(incident: Incident) -> None:
    """Raise Refused for drills and private incidents, which stay inside."""
    if incident.drill:
        raise Refused(f"{DRILL}{incident.ref} is a drill: no audience gets updates about it.")
    if incident.private:
        raise Refused(f"{incident.ref} is private: Tocsin sends no updates about it. Write to them yourself.")


def told_by_themselves(incident: Incident, tell: Sequence[str], automatic: Collection[str]) -> list[str]:
    """Audiences told automatically: the severity's `tell` that are set to automatic."""
    return [audience for audience in tell if audience in automatic] if may_be_told(incident) else []


def moment_now(incident: Incident, told: LastUpdate | None) -> Moment:
    """What to tell an audience now, given what it was last told (None: nothing)."""
    if not incident.is_open:
        return "resolved"
    if told is None:
        return "declared"
    if told.moment in ENDS:
        return "reopened"
    return "severity" if told.severity and is_of_another_severity(incident, told) else "update"


def moments_now(incident: Incident, told: LastUpdate | None) -> list[Moment]:
    """What a person may tell an audience now: what it would be told automatically first, then the rest."""
    usual = moment_now(incident, told)
    also: list[Moment] = ["update"] if usual == "severity" else []
    if usual == "resolved" and told and told.moment == "resolved":
        also.append("all_clear")
    return [usual, *also, *(one for one in NOTICES if one != "postmortem" or not incident.is_open)]


def is_owed(incident: Incident, told: LastUpdate) -> bool:
    """Whether anybody in the audience wrongly believes the incident open or over."""
    return told.partly or incident.is_open == (told.moment in ENDS)


def is_of_another_severity(incident: Incident, told: LastUpdate) -> bool:
    """Whether the audience was told another severity than it has now."""
    return told.severity != incident.severity


def facts_of(incident: Incident) -> str:
    """The incident's state as one word; a text written at another one may be wrong."""
    ended = f"{incident.resolved_at.timestamp():.0f}" if incident.resolved_at else ""
    return f"{incident.status}:{incident.severity}:{ended}"


def words_of(subject: str, text: str) -> tuple[str, str]:
    """Subject (one line) and text for storage. Raises Refused when one is empty."""
    one_line, text = plain_line(subject)[:SUBJECT_LENGTH], plain(text).strip()
    if not one_line:
        raise Refused("A subject is missing: say in a few words what this is about.")
    if not text:
        raise Refused("The text is empty: write what the audience should know.")
    return one_line, text[:TEXT_LENGTH]


def must_be_confirmed(subject: str, text: str) -> None:
    """Raise Refused while blanks are left to fill in."""
    if TO_BE_CONFIRMED in subject + text:
        raise Refused(f"Not sent: it still says {TO_BE_CONFIRMED}. Write what's missing, or take it out.")


def must_be_pending(update: Update, decider: str) -> None:
    """Raise AlreadyDone unless it waits for approval. `decider`: display name of the person who decided; empty: nobody
    had to."""
    if update.state == "waiting":
        return
    if update.state == "released":
        raise AlreadyDone(f"{decider} already approved this." if decider else "This has already been sent.")
    if update.state == "rejected":
        raise AlreadyDone(f"{decider} already rejected this.")
    if update.state == "failed":
        raise AlreadyDone(f"This can't be approved: {(update.error or '').rstrip('.')}.")
    gone = f"This is out of date: {update.error}." if update.error else "A newer text has replaced this one."
    raise AlreadyDone(gone)


def must_be_somebody_else(*, is_author: bool) -> None:
    """Four eyes: the author may not approve, under any of their names."""
    if is_author:
        raise NotPermitted("You wrote this, so somebody else has to approve it.")


def is_stale(update: Update, *, newer: bool, now: datetime) -> bool:
    """After an outage an audience is told how things stand, not everything it missed."""
    return newer and now - update.created_at >= STALE_AFTER


def contradiction_of_planned(
    update: Update, ref: str, state: str, starts_at: datetime, ends_at: datetime
) -> str | None:
    """`contradiction` for planned work, given its current state and times."""
    if state in ("done", "cancelled") and update.moment not in CLOSES:
        return f"{ref} is {state}"
    if state == "under_way" and update.moment in ("maintenance_announced", "maintenance_moved"):
        return f"{ref} has begun"
    # A newer text tells of the move or extension.
    planned = update.planned_from or starts_at, update.planned_until or ends_at
    if update.moment in NAMES_TIME and planned != (starts_at, ends_at):
        return f"{ref} has another time by now"
    return None


def contradiction(update: Update, incident: Incident) -> str | None:
    """Why the text is no longer true: it calls the incident over while open, or open while over."""
    if update.moment in ENDS and incident.is_open:
        return f"{incident.ref} is open again"
    if update.moment in GOES_ON and not incident.is_open:
        return f"{incident.ref} is resolved"
    return None
