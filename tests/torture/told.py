"""What people were told, sentence by sentence, compared with the rows and what providers accepted.

A sentence has a pattern and a truth. A statement about an outcome that matches no pattern is a finding, too, as it was
not compared with anything.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.torture.evidence import Answered, Evidence, Incident, Page, Said, Written

ACCEPTED = ("accepted", "delivered")
LOST = ("refused", "gave_up")
# A page being sent may still arrive for as long as an attempt may take, and an accepted one may not be known to be.
IN_FLIGHT = timedelta(seconds=12.5)
# A post may be sent this long after it was written, without saying so.
NOT_LATE = timedelta(seconds=11)
# Two instants within one transaction.
SAME_MOMENT = timedelta(seconds=3)
# Times are shown with seconds precision.
A_SECOND = timedelta(seconds=1)
DATE = r"<!date\^(\d+)\^[^>]*>"
NAMED = r"([A-Z][\w ]+?)"
REF = r"(INC-\d+)"


@dataclass(frozen=True)
class Told:
    """A text whose sentences are judged one by one. `who`: whose deed it answers; empty = nobody's."""

    words: str
    at: datetime
    incident: Incident | None = None
    who: str = ""
    page: Page | None = None


class Facts:
    """The evidence, as queried by the sentences."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self._by_id = {one.id: one for one in evidence.incidents}
        self._taken: dict[int, list[datetime]] = {}
        for one in evidence.taken:
            self._taken.setdefault(one.page, []).append(one.at)

    def incident(self, ref: str) -> Incident | None:
        return self._by_id.get(int(ref.removeprefix("INC-")))

    def name(self, who: str) -> str:
        return self.evidence.names.get(who, who)

    def named(self, pages: Iterable[Page], name: str) -> list[Page]:
        return [page for page in pages if self.name(page.person) == name]

    def was_taken(self, page: Page, *, before: datetime | None = None) -> bool:
        return any(before is None or at <= before for at in self._taken.get(page.id, ()))

    def known_taken(self, pages: Iterable[Page], at: datetime) -> bool:
        """Whether one was accepted, long enough before that the text should at least express doubt."""
        return any(self.was_taken(page, before=at - IN_FLIGHT) for page in pages)

    def confirmed(self, pages: Iterable[Page], at: datetime) -> bool:
        """Whether an acceptance had been recorded by then."""
        return any(page.accepted_at and page.accepted_at < at - self.drift - NOT_LATE for page in pages)

    def answers(self, incident: Incident | None, kind: str, who: str | None = None) -> list[Answered]:
        own = [one for one in incident.answers if one.kind == kind] if incident else []
        return [one for one in own if who is None or self.name(one.actor) == self.name(who)]

    def is_tier(self, incident: Incident, page: Page, name: str) -> bool:
        return page.tier is not None and self.evidence.tiers.get(page.tier) == name

    def of_tier(self, incident: Incident, name: str) -> list[Page]:
        return [page for page in incident.pages if self.is_tier(incident, page, name)]

    @property
    def drift(self) -> timedelta:
        """How far a row's time may differ from a message's."""
        return self.evidence.stepped_by + SAME_MOMENT


Truth = Callable[[Facts, Told, re.Match[str]], bool]


@dataclass(frozen=True)
class Sentence:
    pattern: re.Pattern[str]
    is_true: Truth

    def untrue(self, facts: Facts, told: Told) -> Iterator[str]:
        for found in self.pattern.finditer(told.words):
            if not self.is_true(facts, told, found):
                about = f"INC-{told.incident.id}" if told.incident else "no incident"
                yield f"“{found[0]}”, told about {about} at {told.at:%H:%M:%S}, is not true"


def sentence(pattern: str, is_true: Truth) -> Sentence:
    return Sentence(re.compile(pattern, re.MULTILINE), is_true)


def by_somebody(kind: str) -> Truth:
    """The sentence names who did it."""

    def is_true(facts: Facts, told: Told, found: re.Match[str]) -> bool:
        return bool(facts.answers(told.incident, kind, found[1]))

    return is_true


def findings(told: Iterable[Told], facts: Facts, sentences: Iterable[Sentence], *, all_known: bool) -> Iterator[str]:
    """`all_known`: text matching no sentence is a finding."""
    known = list(sentences)
    for one in told:
        yield from (found for each in known for found in each.untrue(facts, one))
        if all_known and not any(each.pattern.search(one.words) for each in known):
            yield f"“{one.words.strip().splitlines()[0]}” is compared with nothing"


def answers_told(evidence: Evidence, said: Said) -> list[Told]:
    incident = next((one for one in evidence.incidents if one.title == said.title), None)
    return [Told(words, at, incident, said.who) for words, at in said.heard]


def posts_told(evidence: Evidence, written: Iterable[Written]) -> list[Told]:
    """The texts posted in incidents' rooms."""
    rooms = {one.room_id: one for one in evidence.incidents if one.room_id}
    return [Told(one.words, _as_of(one), rooms[one.place]) for one in written if one.place in rooms]


def _as_of(written: Written) -> datetime:
    """The instant a late post says it is about."""
    found = re.match(rf"(?:DRILL: )?⏱ As of {DATE}, posted late:", written.words)
    return moment(found[1]) if found else written.at


def about(evidence: Evidence, written: Iterable[Written]) -> list[Told]:
    """The number in a card's or page's key."""
    by_id = {one.id: one for one in evidence.incidents}
    pages = {page.id: page for one in evidence.incidents for page in one.pages}
    told = []
    for one in written:
        page = pages.get(_number(one.key)) if one.key.startswith("page:") else None
        if incident := by_id.get(page.incident_id if page else _number(one.key)):
            told.append(Told(one.words, one.at, incident, page=page))
    return told


def _number(key: str) -> int:
    return int(re.split(r"[:.]", key)[1])


def moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
