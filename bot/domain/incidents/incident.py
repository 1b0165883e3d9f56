"""Incidents: their life, and what may happen to them when."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incidents.milestones import Correctable, Milestones
from bot.domain.text import cut, plain_line, shows_nothing

Status = Literal["investigating", "identified", "mitigating", "monitoring", "resolved"]
STATUSES: tuple[Status, ...] = ("investigating", "identified", "mitigating", "monitoring", "resolved")

# Why a channel takes no messages. `left`: the bot is not in it. `lost`: Slack does not find it: it is deleted, or
# private and the bot is not in it.
Closed = Literal["archived", "left", "deleted", "lost"]

TITLE_LENGTH = 200
# While an update is promised nobody is asked for one, so it must not be promised for later than this.
LONGEST_UNTIL_UPDATE = timedelta(days=7)
# How every text about a drill begins.
DRILL = "DRILL: "
# Slack's limit for channel names.
ROOM_NAME_LENGTH = 80


@dataclass(frozen=True)
class Incident:
    """An incident. People are a runbook key, else a Slack id, or `tocsin`.

    `alerted_at`: its first alert, if before the declaration. `started_at`, `detected_at`: corrections by people;
    `milestones` combines them with what the bot knows. `closed_for`: total time it was resolved before being reopened.
    """

    id: int
    title: str
    severity: str
    status: Status
    drill: bool
    private: bool
    declared_by: str
    declared_at: datetime
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    summary: str | None = None
    impact: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    updated_at: datetime | None = None
    room_id: str | None = None
    room_name: str | None = None
    room_at: datetime | None = None
    room_error: str | None = None
    room_lost: bool = False
    room_closed: Closed | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    request: str | None = None
    alerted_at: datetime | None = None
    started_at: datetime | None = None
    detected_at: datetime | None = None
    first_acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    closed_for: timedelta = timedelta(0)

    @property
    def milestones(self) -> Milestones:
        """The milestones. An earlier detection moves the start with it, so that they stay in order by themselves."""
        said = self._as_said
        return replace(said, started=min(said.started, said.detected))

    def lasted(self, since: datetime, until: datetime) -> timedelta:
        """How long it was open in this time. Never negative, even if the clock was set back."""
        return max(until - since - self.closed_for, timedelta(0))

    def corrected(
        self, corrections: Mapping[Correctable, datetime | None], now: datetime, shown: Callable[[datetime], str]
    ) -> "Incident":
        """The incident with these milestones corrected; None: back to what the bot knows. Raises Refused, formatting
        times with `shown`, for times in the future or out of order."""
        for name, at in corrections.items():
            if at is not None and at > now:
                raise Refused(f"{name.capitalize()} {shown(at)} is in the future. Type when it was.")
        held = {"started": self.started_at, "detected": self.detected_at, "mitigated": self.mitigated_at, **corrections}
        # A resolved incident is mitigated, too.
        mitigated = held["mitigated"] or self.resolved_at
        changed = replace(self, started_at=held["started"], detected_at=held["detected"], mitigated_at=mitigated)
        for name in corrections:
            changed._as_said.must_be_in_order(name, shown)
        return changed

    def must_be_mitigated_after(self, reopened_at: datetime, shown: Callable[[datetime], str]) -> None:
        """Raise Refused if it was mitigated before it was reopened: the problem came back. `shown` formats a time."""
        if self.mitigated_at is not None and self.mitigated_at < reopened_at:
            raise Refused(
                f"Mitigated {shown(self.mitigated_at)} would be before {self.ref} was reopened ({shown(reopened_at)}). "
                "Type when it was mitigated after that."
            )

    @property
    def _as_said(self) -> Milestones:
        detected = self.detected_at or self.alerted_at or self.declared_at
        return Milestones(
            started=self.started_at or detected,
            detected=detected,
            declared=self.declared_at,
            acknowledged=self.first_acknowledged_at,
            mitigated=self.mitigated_at,
            resolved=self.resolved_at,
        )

    @property
    def ref(self) -> str:
        return f"INC-{self.id}"

    @property
    def lead(self) -> str | None:
        return self.roles.get("lead")

    @property
    def is_test_page(self) -> bool:
        """It tests how somebody is paged, and never has a room."""
        return "test_page" in self.origin

    @property
    def is_secret(self) -> bool:
        """Whether it is about something others must not know. A test page, though private, is about nothing."""
        return self.private and not self.is_test_page

    @property
    def confirms(self) -> str | None:
        """The way a test page is to confirm; None: it confirms none."""
        return self.origin.get("confirms")

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def is_acknowledged(self) -> bool:
        return self.acknowledged_at is not None


def number_of(ref: str) -> int | None:
    """12 for `INC-12`, `inc-12`, `#12` or `12`, even with punctuation after it; None if it is no reference."""
    found = re.fullmatch(r"(?:inc-|#)?(\d{1,15})[.,:;!?]?", ref.strip(), re.IGNORECASE)
    return int(found[1]) if found else None


def title_of(text: str) -> str:
    """The title for storage: one line, no control characters, cut with an ellipsis. Raises Refused if nothing is
    left."""
    title = plain_line(text)
    if shows_nothing(title):
        raise Refused(
            "An incident needs a title. Type what is wrong, for example `/incident declare Payments failing`."
        )
    return cut(title, TITLE_LENGTH)


# Punctuation that phone keyboards, and people, put around a word.
WORD_MARKS = " .,:;!?\"“”'‘’"


def status_of(word: str) -> Status:
    for status in STATUSES:
        if status == word.strip(WORD_MARKS).lower():
            return status
    raise Refused(f"“{word}” is not a status. Type one of: {', '.join(STATUSES)}.")


def must_be_open(incident: Incident, deed: str) -> None:
    if not incident.is_open:
        raise Refused(f"{incident.ref} is resolved, so you cannot {deed}. Reopen it first: `/incident reopen <why>`.")


def must_not_be_a_test_page(incident: Incident) -> None:
    """Raise Refused for test pages: their ladder would page others, and leading or resolving would acknowledge."""
    if incident.is_test_page:
        where = " where it arrived" if incident.confirms else ""
        raise Refused(f"{incident.ref} is a test page: acknowledge it{where}. There is nothing else to do with it.")


def must_be_promised_soon(next_update: timedelta) -> None:
    """Raise Refused for a promise further ahead than LONGEST_UNTIL_UPDATE."""
    if next_update > LONGEST_UNTIL_UPDATE:
        raise Refused("That is too long: promise the next update within 7d, or leave it empty")


def must_not_be_resolved_twice(incident: Incident) -> None:
    if not incident.is_open:
        raise AlreadyDone(f"{incident.ref} is already resolved. If it is back, type `/incident reopen <why>`.")


def must_be_resolved(incident: Incident) -> None:
    if incident.is_open:
        raise AlreadyDone(f"{incident.ref} is open, so there is nothing to reopen.")


@contextmanager
def refusing_about(incident: Incident) -> Iterator[None]:
    """Prefix Refused errors about a drill with a note that it is one."""
    try:
        yield
    except Refused as refused:
        if not incident.drill or str(refused).startswith(DRILL):
            raise
        raise type(refused)(f"{DRILL}{refused}") from refused


def by_urgency(incidents: Iterable[Incident], severities: Sequence[str]) -> list[Incident]:
    """Real ones before drills, then gravest first (order of `severities`), unacknowledged first, newest first.

    A truncated list must not cut off what somebody is being paged for.
    """
    rank = {severity: at for at, severity in enumerate(severities)}

    def urgency(one: Incident) -> tuple[bool, int, bool, float]:
        acknowledged = one.acknowledged_at is not None
        # A severity that has left the runbook counts as the gravest.
        return one.drill, rank.get(one.severity, -1), acknowledged, -one.declared_at.timestamp()

    return sorted(incidents, key=urgency)


def looks_like_severity(word: str) -> bool:
    """True for P1, SEV2, s3, Sev-1: words meant as a severity, whether it exists or not."""
    return re.fullmatch(r"(?:p|s|sev|severity)-?\d{1,2}", word, re.IGNORECASE) is not None


def room_name(incident: Incident, prefix: str, zone: tzinfo) -> str:
    """`inc-2026-08-08-payments-failing`: the date in the runbook's zone, and the title in ASCII.

    Cut at a word to Slack's 80 characters. Uses the incident's reference for titles without usable letters, and for
    private incidents, whose titles must not show.
    """
    head = f"{prefix}-{incident.declared_at.astimezone(zone).date().isoformat()}-"
    words = "" if incident.private else _ascii_words(incident.title)
    return (head + _cut_at_word(words or incident.ref.lower(), ROOM_NAME_LENGTH - len(head))).strip("-")


def numbered(name: str, number: int | str) -> str:
    """The name with a suffix, `-2`, `-3` … or a reference, within Slack's limit."""
    tail = f"-{number}"
    return name[: ROOM_NAME_LENGTH - len(tail)].rstrip("-") + tail


def _ascii_words(text: str) -> str:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if unicodedata.category(sign) != "Mn")
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _cut_at_word(words: str, length: int) -> str:
    if len(words) <= length:
        return words
    kept = words[: length + 1].rsplit("-", 1)[0]
    return kept if 0 < len(kept) <= length else words[:length]
