"""Our own status page: what everybody may read, made of nothing but the words that were sent to its audience."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from bot.domain.updates.public_words import PublicWords, public_id, public_words
from bot.domain.updates.public_work import PublicWork
from bot.domain.updates.update import ENDS, GOES_ON, Moment

SHOWN_FOR = timedelta(days=90)
# So often its files are written again, sent or not, so that a reader can see that it is kept up to date.
WRITTEN_EVERY = timedelta(minutes=5)
# What shows a time longer ago than this is out of date.
OLD_AFTER = timedelta(minutes=15)

State = Literal["open", "unsure", "over"]
# Of the whole page.
PageState = Literal["open", "unsure", "maintenance", "over"]


@dataclass(frozen=True)
class Sent:
    """A text that was sent to the audience of a page. `is_open`: what the incident itself is by now."""

    id: int
    incident_id: int
    moment: Moment
    severity: str | None
    subject: str
    text: str
    at: datetime
    is_open: bool


@dataclass(frozen=True)
class Meaning:
    """Of a severity, for the public. `rank` 0 is the gravest."""

    rank: int
    words: str


@dataclass(frozen=True)
class PublicIncident:
    """What was said of one incident, the newest first.

    `state` is what the audience was last told. `unsure`: that it is over, and it is open again.
    """

    kind: ClassVar = "incident"
    id: str
    state: State
    meaning: Meaning
    words: Sequence[PublicWords]
    ended_at: datetime | None

    @property
    def title(self) -> str:
        """As it was called while it went on: what says that it is over says so of itself."""
        return next((one.subject for one in self.words if one.moment in GOES_ON), self.words[0].subject)

    @property
    def began_at(self) -> datetime:
        return self.words[-1].at


@dataclass(frozen=True)
class StatusPage:
    """`feed` is a tag URI of its own, which stays what it is; `url` is how the page is reached, None: not known."""

    title: str
    organisation: str
    feed: str
    url: str | None
    written_at: datetime
    began_at: datetime
    incidents: Sequence[PublicIncident]
    works: Sequence[PublicWork] = ()

    @property
    def current(self) -> Sequence[PublicIncident]:
        """What is not over, the gravest first."""
        return sorted((one for one in self.incidents if one.state != "over"), key=lambda one: one.meaning.rank)

    @property
    def under_way(self) -> Sequence[PublicWork]:
        return [one for one in self.works if one.state in ("under_way", "unsure")]

    @property
    def to_come(self) -> Sequence[PublicWork]:
        """What is planned, the earliest first."""
        return [one for one in self.works if one.state == "planned"]

    @property
    def past(self) -> Sequence[PublicIncident | PublicWork]:
        """The newest first."""
        over: list[PublicIncident | PublicWork] = [*self.past_incidents, *self.past_works]
        return sorted(over, key=lambda one: one.words[0].at, reverse=True)

    @property
    def past_incidents(self) -> Sequence[PublicIncident]:
        return [one for one in self.incidents if one.state == "over"]

    @property
    def past_works(self) -> Sequence[PublicWork]:
        """The newest first."""
        return [one for one in reversed(self.works) if one.is_over]

    @property
    def state(self) -> PageState:
        """`over`: everything works, as far as anybody was told."""
        states: set[str] = {*(one.state for one in self.incidents), *(one.state for one in self.works)}
        if "open" in states or "unsure" in states:
            return "open" if "open" in states else "unsure"
        return "maintenance" if "under_way" in states else "over"

    @property
    def worst(self) -> PublicIncident | None:
        return next((one for one in self.current if one.state == "open"), None)

    @property
    def all_words(self) -> Sequence[PublicWords]:
        """The newest first."""
        of_all = [*(one.words for one in self.incidents), *(one.words for one in self.works)]
        return sorted((said for words in of_all for said in words), key=lambda said: said.at, reverse=True)

    @property
    def changed_at(self) -> datetime:
        return max((said.at for said in self.all_words), default=self.began_at)


@dataclass(frozen=True)
class PageFiles:
    """The page in each of its forms, by the name of its file."""

    html: bytes
    json: bytes
    atom: bytes
    policy: str

    @property
    def by_name(self) -> dict[str, tuple[str, bytes]]:
        """(type of content, content). What people look at comes last: it is written when everything else is."""
        return {
            "status.json": ("application/json; charset=utf-8", self.json),
            "status.atom": ("application/atom+xml; charset=utf-8", self.atom),
            "index.html": ("text/html; charset=utf-8", self.html),
        }


@dataclass(frozen=True)
class Edition:
    """The files of a page and where they belong, None: nowhere. A later edition has a greater version."""

    to: str | None
    version: int
    files: PageFiles


def incidents_of(sent: Iterable[Sent], feed: str, meaning_of: Callable[[str | None], Meaning]) -> list[PublicIncident]:
    """The newest first. `meaning_of` the severity that a text was sent with."""
    by_incident: dict[int, list[Sent]] = {}
    for one in sorted(sent, key=lambda one: one.id, reverse=True):
        by_incident.setdefault(one.incident_id, []).append(one)
    found = [_incident(feed, number, texts, meaning_of) for number, texts in by_incident.items()]
    return sorted(found, key=lambda one: one.words[0].at, reverse=True)


def _incident(
    feed: str, number: int, texts: Sequence[Sent], meaning_of: Callable[[str | None], Meaning]
) -> PublicIncident:
    said = next((one for one in texts if one.moment in (*GOES_ON, *ENDS)), None)
    turning = said or texts[0]
    # Who was sent nothing of how it stands, such as a post-mortem alone, reads how it is.
    is_over = said.moment in ENDS if said else not turning.is_open
    ended = [one.at for one in texts if one.moment == "resolved"] if is_over else []
    state: State = "open" if not is_over else "unsure" if texts[0].is_open else "over"
    words = [public_words(feed, one.id, one.moment, one.subject, one.text, one.at) for one in texts]
    return PublicIncident(
        id=public_id(feed, "incident", number),
        state=state,
        meaning=meaning_of(turning.severity),
        words=words,
        ended_at=ended[0] if ended else turning.at if is_over else None,
    )
