"""Stakeholder updates: who is told at which moment without being asked, and what must be so before a text leaves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, get_args

from bot.domain.errors import AlreadyDone, NotPermitted, Refused
from bot.domain.incidents.incident import DRILL, Incident, Status
from bot.domain.text import plain, plain_line
from bot.domain.updates.lint import Finding

# Declared by a file of `bot/publishers/` each.
Outlet = str
Moment = Literal[
    "declared", "update", "severity", "resolved", "reopened", "all_clear", "security", "breach", "postmortem",
    "maintenance_announced", "maintenance_begun", "maintenance_overrun", "maintenance_done", "maintenance_cancelled",
    "maintenance_moved",
]  # fmt: skip
# Of planned work.
PLANNED: tuple[Moment, ...] = tuple(one for one in get_args(Moment) if one.startswith("maintenance_"))
# Of incidents.
MOMENTS: tuple[Moment, ...] = tuple(one for one in get_args(Moment) if one not in PLANNED)
# Sent by people alone. What they say leaves what the audience believes of the incident as it was: open, or over.
NOTICES: tuple[Moment, ...] = ("security", "breach", "postmortem")
State = Literal["composing", "draft", "waiting", "released", "rejected", "replaced", "failed"]
DeliveryState = Literal["waiting", "accepted", "refused", "gave_up", "cancelled"]

# Stands where a person has to say what nobody knew when the words were composed.
TO_BE_CONFIRMED = "[to be confirmed]"
# Room for the longest title, and around it for the severity and the reference.
SUBJECT_LENGTH = 300
# What a field of a Slack form holds.
TEXT_LENGTH = 3000
# A text that could not leave for so long is not sent any more when a newer one is waiting behind it.
STALE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Update:
    """One text for one audience, about one moment of an incident. `status` and `severity` are the incident's then.

    Or of planned work, `maintenance_id`: then there is no incident, nor a status or severity, and `planned_from` and
    `planned_until` are what was planned then. `overruled`: why it leaves although something was found in it, given for
    the findings with the marks `overruled_for`.

    It is `composing` until it has words, a `draft` while its author alone knows it, `waiting` for an approval, and
    `released` when it may leave; `replaced` when a newer one or newer facts came before anybody decided.
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
        """Of exactly these words, short enough to be compared by eye."""
        return sha256(f"{self.subject}\n{self.text}".encode()).hexdigest()[:8]

    @property
    def promises_since(self) -> datetime:
        """Since when the times that it promises count."""
        return self.written_at or self.created_at

    @property
    def of_incident(self) -> int:
        """Raises Refused for words about planned work."""
        if self.incident_id is None:
            raise Refused(f"This is about planned work: `/incident maintenance M-{self.maintenance_id}` shows it.")
        return self.incident_id

    @property
    def of_maintenance(self) -> int:
        """Raises Refused for words about an incident."""
        if self.maintenance_id is None:
            raise Refused(f"This is about INC-{self.incident_id}, and not about planned work.")
        return self.maintenance_id

    @property
    def left_at(self) -> datetime:
        """When it was released, if it was."""
        return self.decided_at or self.created_at


@dataclass(frozen=True)
class UpdateDelivery:
    """An update on its way to one address. `accepted` is what a provider said, never what we hope.

    `unsure`: an attempt may have been accepted unheard, so nobody may say that it was not sent.
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
    """The latest that an audience was told of an incident. `severity`: how grave it was then; None: not known.

    `partly`: some of its addresses were not: it was stopped on its way to them. `reached`: an address has it, or may
    have it; else it is still on its way to all of them.
    """

    moment: Moment
    at: datetime
    severity: str | None = None
    partly: bool = False
    reached: bool = True


class OutOfDate(Refused):
    """The words were written while the incident stood otherwise."""


class Doubtful(Refused):
    """Something was found in the words: they leave once a person says why all the same."""

    def __init__(self, found: Sequence[Finding], explained: Sequence[Finding] = ()) -> None:
        """`explained`: for which of them a reason was given before the others were found."""
        super().__init__("Not sent: look at what was found in the text.")
        self.found = found
        self.explained = explained


# The changes of an incident that are told without being asked.
TOLD_OF = ("declared", "status", "resolved", "reopened")
# What says that it is over, and what says that it begins or goes on; a notice leaves the state as it was.
ENDS: tuple[Moment, ...] = ("resolved", "all_clear")
GOES_ON: tuple[Moment, ...] = ("declared", "update", "severity", "reopened")
# What means nothing to who has never heard of it.
CLOSES: tuple[Moment, ...] = (*ENDS, "maintenance_done", "maintenance_cancelled")
# What is said for nothing but the time in it.
NAMES_TIME: tuple[Moment, ...] = ("maintenance_announced", "maintenance_moved", "maintenance_overrun")
NEWER = "a newer text is on its way"
UNHEARD = "nothing about it has reached this address"


def may_be_told(incident: Incident) -> bool:
    return not incident.drill and not incident.private


def must_be_tellable(incident: Incident) -> None:
    """Rehearsals and private incidents stay inside."""
    if incident.drill:
        raise Refused(f"{DRILL}{incident.ref} is a drill: no audience gets updates about it.")
    if incident.private:
        raise Refused(f"{incident.ref} is private: Tocsin sends no updates about it. Write to them yourself.")


def told_by_themselves(incident: Incident, tell: Sequence[str], automatic: Collection[str]) -> list[str]:
    """The audiences a moment is told to without being asked: those of the severity's `tell` that are automatic."""
    return [audience for audience in tell if audience in automatic] if may_be_told(incident) else []


def moment_now(incident: Incident, told: LastUpdate | None) -> Moment:
    """What an audience is told now, after what it was told before (None: nothing)."""
    if not incident.is_open:
        return "resolved"
    if told is None:
        return "declared"
    if told.moment in ENDS:
        return "reopened"
    return "severity" if told.severity and is_of_another_severity(incident, told) else "update"


def moments_now(incident: Incident, told: LastUpdate | None) -> list[Moment]:
    """What an audience may be told now by a person: first what it would be told without being asked, then the rest."""
    usual = moment_now(incident, told)
    also: list[Moment] = ["update"] if usual == "severity" else []
    if usual == "resolved" and told and told.moment == "resolved":
        also.append("all_clear")
    return [usual, *also, *(one for one in NOTICES if one != "postmortem" or not incident.is_open)]


def is_owed(incident: Incident, told: LastUpdate) -> bool:
    """Whether anybody of the audience believes that the incident is open when it is over, or over when it is open."""
    return told.partly or incident.is_open == (told.moment in ENDS)


def is_of_another_severity(incident: Incident, told: LastUpdate) -> bool:
    """Whether the audience was told of it as graver, or less grave, than it is."""
    return told.severity != incident.severity


def facts_of(incident: Incident) -> str:
    """How the incident stands, as one word: words that were written at another one may be wrong."""
    ended = f"{incident.resolved_at.timestamp():.0f}" if incident.resolved_at else ""
    return f"{incident.status}:{incident.severity}:{ended}"


def words_of(subject: str, text: str) -> tuple[str, str]:
    """What somebody wrote, as it is kept: a subject of one line, and a text. Refused when one is missing."""
    one_line, text = plain_line(subject)[:SUBJECT_LENGTH], plain(text).strip()
    if not one_line:
        raise Refused("A subject is missing: say in a few words what this is about.")
    if not text:
        raise Refused("The text is empty: write what the audience should know.")
    return one_line, text[:TEXT_LENGTH]


def must_be_confirmed(subject: str, text: str) -> None:
    """Nobody reads what nobody could fill in. Raises Refused."""
    if TO_BE_CONFIRMED in subject + text:
        raise Refused(f"Not sent: it still says {TO_BE_CONFIRMED}. Write what's missing, or take it out.")


def must_be_pending(update: Update, decider: str) -> None:
    """`decider` is the name of who decided, as people read it; empty: nobody had to. Raises AlreadyDone."""
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
    """Four eyes: whoever wrote it does not approve it, by whatever name."""
    if is_author:
        raise NotPermitted("You wrote this, so somebody else has to approve it.")


def is_stale(update: Update, *, newer: bool, now: datetime) -> bool:
    """After an outage an audience hears how things stand, not everything it missed."""
    return newer and now - update.created_at >= STALE_AFTER


def contradiction_of_planned(
    update: Update, ref: str, state: str, starts_at: datetime, ends_at: datetime
) -> str | None:
    """As `contradiction`, of planned work that is in this state, and planned for this time, by now."""
    if state in ("done", "cancelled") and update.moment not in CLOSES:
        return f"{ref} is {state}"
    if state == "under_way" and update.moment in ("maintenance_announced", "maintenance_moved"):
        return f"{ref} has begun"
    # What moved it, or made it longer, is told by newer words.
    planned = update.planned_from or starts_at, update.planned_until or ends_at
    if update.moment in NAMES_TIME and planned != (starts_at, ends_at):
        return f"{ref} has another time by now"
    return None


def contradiction(update: Update, incident: Incident) -> str | None:
    """Why its words are not true any more: they call the incident over while it is open, or open while it is over."""
    if update.moment in ENDS and incident.is_open:
        return f"{incident.ref} is open again"
    if update.moment in GOES_ON and not incident.is_open:
        return f"{incident.ref} is resolved"
    return None
