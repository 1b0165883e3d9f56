"""Checks a text for what should not go out without a second look; a person can overrule each finding with a reason."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv6Address
from typing import Literal
from zoneinfo import ZoneInfo

from bot.domain.redaction import redacted
from bot.domain.updates.promises import names_time_ahead, next_promised, past_promises

Doubt = Literal["next_update", "past", "secret", "address", "internal_name", "blame", "outage", "placeholder", "number"]


@dataclass(frozen=True)
class Finding:
    """`words`: the place in the text; empty for something missing, or something nobody should read again: that is
    `hidden`."""

    doubt: Doubt
    words: str = ""
    hidden: str = field(default="", repr=False)

    @property
    def mark(self) -> str:
        """A short, stable id of the finding, which ties an overruling reason to it."""
        return sha256(f"{self.doubt}\n{self.words}\n{self.hidden}".encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Known:
    """What the text is checked against. `names`: of people; `systems`: internal names; `is_inside`: readers know both.
    `last`: the last text they got; empty: none. `facts`: what the incident says now. `is_degraded`: it works, though
    badly. `owes_time`: they are promised a next update. `since`: when the text was written, and `now`, read in
    `zone`."""

    since: datetime
    now: datetime
    zone: ZoneInfo

    names: Collection[str] = ()
    systems: Collection[str] = ()
    last: str = ""
    facts: str = ""
    is_inside: bool = False
    is_degraded: bool = False
    owes_time: bool = False


WORD = re.compile(r"[^\s,;:!?()\"“”]+")
SENTENCE_END = re.compile(r"[.!?]\s|\n")
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
# Candidates for IPv6; times of day match, too.
SIXTH = re.compile(r"(?<![\w:])[0-9A-Fa-f:]{3,39}(?![\w:])")
# Domains known only inside, and numbered machines: `db-01`, `web-prod-2`, `redis3`.
INSIDE = (".internal", ".local", ".lan", ".corp", ".intranet", ".svc", ".localdomain")
COUNTED = re.compile(r"[a-z][a-z0-9]{0,30}(?:-[a-z0-9]{1,30}){0,5}-?\d{1,3}")
MACHINES = re.compile(
    r"(?:^|-)(?:api|app|cache|db|host|ip|kafka|lb|mongo|mysql|node|pg|postgres|redis|server|srv|vm|web|worker)"
    r"(?:-|\d|$)"
)
DEGRADED = re.compile(r"\b(?:degrad\w*|partial\w*|slow\w*|minor|impaired|low)\b", re.IGNORECASE)
# Words that rarely mean anything but blame next to a name.
BLAME = frozenset((
    "accidentally", "blame", "blamed", "blames", "botched", "broke", "careless", "carelessly", "carelessness", "caused",
    "culpable", "error", "fault", "forgot", "guilty", "incompetence", "incompetent", "messed", "mistake", "mistakenly",
    "misconfigured", "neglected", "negligence", "negligent", "overlooked", "screwed", "sloppy", "wrongly",
))  # fmt: skip
# Phrases that blame whoever is named right after them, or right before.
BLAME_BEFORE = ("because of", "due to")
BLAME_BEHIND = ("failed to ", "should not have ", "shouldn't have ", "shouldn’t have ")
OUTAGE = re.compile(r"\boutage\b", re.IGNORECASE)
PLACEHOLDER = re.compile(
    r"\b(?:TODO|TBD|TBC|FIXME|XXX|lorem ipsum)\b|\{\{|\$?\{\w{1,40}\}|\[[a-z ]{3,40}\](?!\()|<[a-z ]{3,40}>"
    # Unfilled blanks of templates; not `[RESOLVED]` or `[UPDATE]`, which begin many subjects.
    r"|\[(?i:client|company|customer|date|description|details?|insert [a-z ]{1,40}|name|reason|service|system|time)\]"
)
COUNT = re.compile(r"\b(\d{1,9}(?:[.,]\d{1,3})?) ?(%|[a-z]{4,20})")
# Words that announce a changed number.
CHANGED = frozenset(("now", "instead", "more", "fewer", "less", "corrected", "correction", "rather", "up", "down"))
# Units of time: these numbers change with every update.
PASSING = frozenset(("minutes", "minute", "hours", "hour", "days", "seconds"))


def findings(subject: str, text: str, known: Known) -> list[Finding]:
    """What was found in the text, each once, gravest first. Never raises."""
    words = f"{subject}\n{text}"
    found = [*_secrets(words), *_placeholders(words), *_past(text, known), *_blame(words, known)]
    found += _numbers(text, known)
    if not known.is_inside:
        found += [*_addresses(words), *_systems(words, known)]
    if known.is_degraded and (outage := OUTAGE.search(words)):
        found.append(Finding("outage", outage[0]))
    if known.owes_time and not _says_when(text, known):
        found.append(Finding("next_update"))
    return list(dict.fromkeys(found))


# Findings raised only for texts people send. In composed ones, the next update is up to the template, and numbers are
# the incident's own.
ASKED_OF_PEOPLE: frozenset[Doubt] = frozenset(("next_update", "number"))


def unattended(found: Iterable[Finding], *, goes_on: bool, is_approved: bool) -> list[Finding]:
    """Findings that block a text nobody will look at. `goes_on`: the incident does; at its end a time in the past is no
    promise. `is_approved`: somebody looks at it all, so only secrets block, which must not even be shown."""
    if is_approved:
        return [one for one in found if one.doubt == "secret"]
    passing = ASKED_OF_PEOPLE if goes_on else ASKED_OF_PEOPLE | {"past"}
    return [one for one in found if one.doubt not in passing]


def unexplained(found: Iterable[Finding], marks: Collection[str]) -> list[Finding]:
    """Findings without a reason; `marks`: of those that have one."""
    return [one for one in found if one.mark not in marks]


def says_degraded(severity: str) -> bool:
    """Whether a severity's description says that things work badly rather than not at all."""
    return bool(DEGRADED.search(severity)) and not OUTAGE.search(severity)


def changes(before: str, after: str, most: int = 12) -> list[str]:
    """Changed lines, with `-` and `+`, without blank ones."""
    compared = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in compared if line[:2] in ("- ", "+ ") and line[2:].strip()][:most]


def _secrets(words: str) -> Iterator[Finding]:
    # Mail addresses are meant to be read; credentials before the @ of a database URL are not.
    words = " ".join(one for one in words.split() if "@" not in one or "://" in one)
    if (left := redacted(words)) != words:
        yield Finding("secret", hidden=" ".join(sorted({*words.split()}.difference(left.split()))))


def _past(text: str, known: Known) -> Iterator[Finding]:
    return (Finding("past", one) for one in past_promises(text, known.since, known.now, known.zone))


def _says_when(text: str, known: Known) -> bool:
    """Whether it promises a next update. In languages other than English any time ahead counts, as nobody can tell what
    for."""
    return bool(next_promised(text, known.since, known.zone)) or names_time_ahead(text, known.since, known.zone)


def _placeholders(words: str) -> Iterator[Finding]:
    return (Finding("placeholder", one[0]) for one in PLACEHOLDER.finditer(words))


def _addresses(words: str) -> Iterator[Finding]:
    yield from (Finding("address", one[0]) for one in ADDRESS.finditer(words))
    yield from (Finding("address", one[0]) for one in SIXTH.finditer(words) if _is_address(one[0]))
    for one in (part for word in _words(words) for part in word.split("/")):
        # In a full host name, the first part is the machine.
        machine = one.partition(".")[0]
        if (
            one.lower().endswith(INSIDE)
            or machine.lower() == "localhost"
            or (COUNTED.fullmatch(machine) and MACHINES.search(machine))
        ):
            yield Finding("address", one)


def _is_address(text: str) -> bool:
    try:
        return IPv6Address(text).version == 6 and any(sign.isalnum() for sign in text)
    except ValueError:
        return False


def _systems(words: str, known: Known) -> Iterator[Finding]:
    """Keys that are ordinary words, such as `orders`, are readers' words, too."""
    keys = {key.lower() for key in known.systems if not key.isalpha()}
    return (Finding("internal_name", one) for one in _words(words) if one.lower() in keys)


def _blame(words: str, known: Known) -> Iterator[Finding]:
    names = {part.lower() for name in known.names for part in name.split() if len(part) > 2}
    for sentence in SENTENCE_END.split(words):
        said = [one.lower().removesuffix("'s").removesuffix("’s") for one in _words(sentence)]
        blamed = next((one for at, one in enumerate(said) if one in names and _falls_on(said, at)), None)
        if BLAME.intersection(said):
            blamed = next((one for one in said if one in names), None)
        if blamed:
            yield Finding("blame", blamed.capitalize())


def _falls_on(said: Sequence[str], at: int) -> bool:
    """Whether the words around a name blame it."""
    before, behind = " ".join(said[max(at - 2, 0) : at]), " ".join(said[at + 1 : at + 4])
    return before in BLAME_BEFORE or f"{behind} ".startswith(BLAME_BEHIND)


def _numbers(text: str, known: Known) -> Iterator[Finding]:
    if CHANGED.intersection(one.lower() for one in _words(text)):
        return
    before, own = _counts(known.last), _counts(known.facts)
    for what, number in _counts(text).items():
        # A number from the incident's current facts is no slip.
        if what in before and number not in (before[what], own.get(what)):
            yield Finding("number", f"{number} {what} (last time {before[what]})")


def _counts(text: str) -> dict[str, str]:
    return {one[2]: one[1] for one in COUNT.finditer(text) if one[2] not in PASSING}


def _words(text: str) -> Sequence[str]:
    return [one.rstrip(".") for one in WORD.findall(text)]
