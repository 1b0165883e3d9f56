"""A past incident, from its export, as a scenario: what people did then, at the same times.

What the bot did then is left out: it does it anew, by the runbook it is given.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path as FilePath
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.domain.actor import TOCSIN
from bot.domain.errors import Refused
from bot.domain.text import plain_line
from bot.given_files import read_given
from bot.runbook import Runbook
from bot.scenarios.loading import Script, read
from bot.scenarios.models import YEARS
from bot.scenarios.offsets import LONGEST

MOMENT = timedelta(seconds=1)
# A day within what a scenario may begin at, in whatever zone.
EARLIEST, LATEST = datetime(YEARS[0], 1, 2, tzinfo=UTC), datetime(YEARS[-1], 12, 30, tzinfo=UTC)
LONGEST_TITLE = 150
# Of days with thousands of entries and pages; no export of ours is longer.
LARGEST_EXPORT = 32 * 1024 * 1024
# What the bot's timeline says of a change of severity, and of a snooze.
SEVERITIES = re.compile(r"(\S{1,64}) → (\S{1,64})(?: \((.{1,500})\))?", re.DOTALL)
CLOCK = re.compile(r"\b(\d\d):(\d\d)\b")


class PastEntry(BaseModel):
    """Of the timeline. `actor`: a key of the runbook of then, a Slack account, or the bot."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    actor: str
    kind: str
    text: str


class PastPage(BaseModel):
    """`accepted_at` None: no provider is known to have accepted it."""

    model_config = ConfigDict(frozen=True)

    person: str
    via: str
    due_at: AwareDatetime
    accepted_at: AwareDatetime | None = None


class PastIncident(BaseModel):
    """What a replay needs of `tocsin export INC-12 --format json`; `severity` is the last one."""

    model_config = ConfigDict(frozen=True)

    ref: str
    title: str
    severity: str
    drill: bool = False
    declared_at: Annotated[AwareDatetime, Field(gt=EARLIEST, lt=LATEST)]
    timeline: tuple[PastEntry, ...]
    pages: tuple[PastPage, ...] = ()

    @property
    def declared_as(self) -> str:
        return declared_as(self.severity, (entry.text for entry in self.timeline if entry.kind == "severity"))


@dataclass(frozen=True)
class Replay:
    """`shifted`: whole days later than then, because a schedule begins later. `notes`: what could not be as it was."""

    past: PastIncident
    script: Script
    shifted: timedelta
    notes: tuple[str, ...]


def declared_as(last: str, changes: Iterable[str]) -> str:
    """The first severity; `changes` as the timeline has them, in their order."""
    return next((found[1] for text in changes if (found := SEVERITIES.match(text))), last)


def load_past(path: FilePath) -> PastIncident:
    """Raises Refused when it cannot be read, or is no export."""
    try:
        return PastIncident.model_validate_json(read_given(path, largest_bytes=LARGEST_EXPORT))
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise Refused(
            f"{path} isn't an exported incident ({where}: {first['msg'].lower()}). Write one with "
            "`tocsin export INC-12 --format json > incident.json`."
        ) from error


def replay_of(past: PastIncident, runbook: Runbook) -> Replay:
    """The scenario, as this runbook can have it."""
    return _Writer(past, runbook).written()


class _Writer:
    """Turns entries into steps; whatever cannot be as it was becomes a note."""

    def __init__(self, past: PastIncident, runbook: Runbook) -> None:
        self._past = past
        self._runbook = runbook
        self._notes: dict[str, None] = {}

    def written(self) -> Replay:
        begins = _whole(self._past.declared_at)
        shifted = self._shift(begins)
        steps = [{"at": "+0", self._somebody(self._declared_by): self._declaration()}, *self._steps()]
        content = {
            "title": _one_line(f"{self._past.ref} {self._past.title}", "A past incident")[:LONGEST_TITLE],
            "begins": (begins + shifted).astimezone(UTC).isoformat(" "),
            "lasts": _offset(self._lasts()),
            "script": steps,
        }
        # JSON is YAML, but for the two halves in which it may write an emoji.
        script = read(json.dumps(content, ensure_ascii=False), self._past.ref)
        return Replay(self._past, script, shifted, tuple(self._notes))

    def _shift(self, begins: datetime) -> timedelta:
        zone = self._runbook.timezone
        day = begins.astimezone(zone).date()
        starts = max([day, *(one.starts for one in self._runbook.schedules.values())])
        if starts == day:
            return timedelta(0)
        weeks = -(-(starts - day).days // 7)
        later = day + timedelta(weeks=weeks)
        self._notes[f"A schedule begins on {_day(starts)}: played on {_day(later)}, the same weekday and time."] = None
        local = datetime.combine(later, begins.astimezone(zone).time(), zone)
        return local.astimezone(UTC) - begins.astimezone(UTC)

    def _lasts(self) -> timedelta:
        """Until nothing more is known of it."""
        ends = [entry.at for entry in self._past.timeline if entry.kind in _DEEDS or entry.kind == "escalated"]
        ends += [page.accepted_at or page.due_at for page in self._past.pages]
        length = max([*ends, self._past.declared_at]) - self._past.declared_at + timedelta(minutes=1)
        if length > LONGEST:
            self._notes["It lasted longer than a week: only the first week is played."] = None
        return min(length, LONGEST)

    @property
    def _declared_by(self) -> str:
        return next((entry.actor for entry in self._past.timeline if entry.kind == "declared"), TOCSIN.name)

    def _declaration(self) -> str:
        severity = self._known(self._past.declared_as)
        title = _one_line(self._past.title, "a past incident")
        verb = "drill" if self._past.drill else "declare"
        return f"{self._runbook.slash_commands.incident} {verb} {severity} {title}"

    def _known(self, severity: str) -> str:
        """As the runbook has it now."""
        if severity in self._runbook.severity_ids:
            return severity
        usual = self._runbook.severity_ids[-1]
        self._notes[f"{severity} is not a severity of this runbook: played as {usual}, its lowest."] = None
        return usual

    def _somebody(self, actor: str) -> str:
        if actor in self._runbook.people:
            return actor
        instead = next(iter(self._runbook.people))
        if actor != TOCSIN.name:
            self._notes[f"{actor} is not in this runbook: {self._runbook.people[instead].name} acts instead."] = None
        return instead

    def _steps(self) -> Iterator[Mapping[str, Any]]:
        for entry in self._past.timeline:
            after = _whole(entry.at) - _whole(self._past.declared_at)
            if entry.kind not in _DEEDS and entry.kind != "escalated":
                continue
            if entry.actor == TOCSIN.name or not timedelta(0) <= after <= LONGEST:
                continue
            if typed := self._typed(entry):
                yield {"at": _offset(after), self._somebody(entry.actor): typed}

    def _typed(self, entry: PastEntry) -> str | None:
        """The command for what was done then."""
        commands = self._runbook.slash_commands
        text = _one_line(entry.text)[:500]
        if entry.kind == "acknowledged":
            return f"{commands.escalate} ack"
        if entry.kind == "escalated":
            return self._escalation(text)
        if entry.kind == "snoozed":
            return self._snooze(entry)
        if entry.kind == "severity":
            found = SEVERITIES.match(entry.text)
            return f"{commands.incident} severity {self._known(found[2])} {found[3] or 'as then'}" if found else None
        if entry.kind == "status":
            return f"{commands.incident} status {text}"
        verb = {"resolved": "resolve", "reopened": "reopen"}[entry.kind]
        return f"{commands.incident} {verb} {text or 'as then'}"

    def _escalation(self, text: str) -> str | None:
        """`Lead: Ben Moss (why)` is a tier, which comes next again; `Ben Moss (why)` one person, called by hand."""
        called = text.partition(" (")[0]
        if ": " in called:
            return self._runbook.slash_commands.escalate
        key = next((key for key, person in self._runbook.people.items() if person.name == called), None)
        if key is None:
            self._notes[f"{called} was called by hand and is not in this runbook: nobody is called instead."] = None
            return None
        return f"{self._runbook.slash_commands.escalate} {key}"

    def _snooze(self, entry: PastEntry) -> str | None:
        found = CLOCK.search(entry.text)
        if not found:
            return None
        local = entry.at.astimezone(self._runbook.timezone)
        until = datetime.combine(local.date(), time(int(found[1]) % 24, int(found[2]) % 60), local.tzinfo)
        minutes = round((until - local).total_seconds() / 60) % (24 * 60)
        return f"{self._runbook.slash_commands.escalate} snooze {minutes}m" if minutes else None


_DEEDS = frozenset({"acknowledged", "severity", "status", "snoozed", "resolved", "reopened"})


def _one_line(text: str, instead: str = "") -> str:
    """As a script may hold it: without what cannot be printed, such as what joins some emoji. `instead` of nothing."""
    shown = "".join(sign if sign.isprintable() else " " for sign in plain_line(text))
    return " ".join(shown.split()) or instead


def _offset(after: timedelta) -> str:
    return f"+{after // MOMENT}s" if after >= MOMENT else "+0"


def _whole(at: datetime) -> datetime:
    """A script knows whole seconds."""
    return at.replace(microsecond=0)


def _day(day: date) -> str:
    return f"{day:%d %b %Y}"
