"""Our public status page, made only of texts that were sent to its audience."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from bot.domain.updates.public_words import PublicWords, public_id, public_words
from bot.domain.updates.public_work import PublicWork
from bot.domain.updates.update import ENDS, GOES_ON, Moment

SHOWN_FOR = timedelta(days=90)
# Files are rewritten this often even without news, so that readers see that the page is maintained.
WRITTEN_EVERY = timedelta(minutes=5)
# A page written longer ago than this is out of date.
OLD_AFTER = timedelta(minutes=15)

State = Literal["open", "unsure", "over"]
# Of the whole page.
PageState = Literal["open", "unsure", "maintenance", "over"]


@dataclass(frozen=True)
class Sent:
    """A text sent to a page's audience. `is_open`: the incident's state now."""

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
    """A severity in public words. `rank` 0 is the gravest."""

    rank: int
    words: str


@dataclass(frozen=True)
class PublicIncident:
    """One incident, its texts newest first.

    `state`: what the audience was last told. `unsure`: told that it is over, but it is open again.
    """

    kind: ClassVar = "incident"
    id: str
    state: State
    meaning: Meaning
    words: Sequence[PublicWords]
    ended_at: datetime | None

    @property
    def title(self) -> str:
        """Its title while it went on; the final text is titled by its end."""
        return next((one.subject for one in self.words if one.moment in GOES_ON), self.words[0].subject)

    @property
    def began_at(self) -> datetime:
        return self.words[-1].at


@dataclass(frozen=True)
class StatusPage:
    """`feed`: a permanent tag URI; `url`: the page's address; None: unknown."""

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
        """Not over, gravest first."""
        return sorted((one for one in self.incidents if one.state != "over"), key=lambda one: one.meaning.rank)

    @property
    def under_way(self) -> Sequence[PublicWork]:
        return [one for one in self.works if one.state in ("under_way", "unsure")]

    @property
    def to_come(self) -> Sequence[PublicWork]:
        """Planned, earliest first."""
        return [one for one in self.works if one.state == "planned"]

    @property
    def past(self) -> Sequence[PublicIncident | PublicWork]:
        """Everything that is over, newest first."""
        over: list[PublicIncident | PublicWork] = [*self.past_incidents, *self.past_works]
        return sorted(over, key=lambda one: one.words[0].at, reverse=True)

    @property
    def past_incidents(self) -> Sequence[PublicIncident]:
        return [one for one in self.incidents if one.state == "over"]

    @property
    def past_works(self) -> Sequence[PublicWork]:
        """Planned work that is over, newest first."""
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
        """Every text on the page, newest first."""
        of_all = [*(one.words for one in self.incidents), *(one.words for one in self.works)]
        return sorted((said for words in of_all for said in words), key=lambda said: said.at, reverse=True)

    @property
    def changed_at(self) -> datetime:
        return max((said.at for said in self.all_words), default=self.began_at)


@dataclass(frozen=True)
class PageFiles:
    """The page in each format."""

    html: bytes
    json: bytes
    atom: bytes
    policy: str

    @property
    def by_name(self) -> dict[str, tuple[str, bytes]]:
        """(content type, content) by file name. The HTML comes last, to be written once everything else is."""
        return {
            "status.json": ("application/json; charset=utf-8", self.json),
            "status.atom": ("application/atom+xml; charset=utf-8", self.atom),
            "index.html": ("text/html; charset=utf-8", self.html),
        }


@dataclass(frozen=True)
class Edition:
    """A page's files and destination; None: nowhere. Later editions have greater versions."""

    to: str | None
    version: int
    files: PageFiles


def incidents_of(sent: Iterable[Sent], feed: str, meaning_of: Callable[[str | None], Meaning]) -> list[PublicIncident]:
    """Incidents made of the texts sent about them, newest first. `meaning_of`: maps the severity a text was sent
    with."""
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
    # If no text says whether it goes on (only a post-mortem was sent, say), take the actual state.
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
