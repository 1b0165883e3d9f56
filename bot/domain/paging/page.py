"""Pages: their states, and when a tier counts as not reached."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.domain.incidents.incident import Incident
from bot.domain.paging.escalation import REACH_WITHIN

# A way to reach somebody: the name of a file in `bot/pagers`.
Via = str
PageState = Literal["waiting", "accepted", "delivered", "refused", "gave_up", "cancelled"]

ACCEPTED: frozenset[PageState] = frozenset({"accepted", "delivered"})
# No provider has said yes or no; one cancelled in flight may still be accepted.
UNSETTLED: frozenset[PageState] = frozenset({"waiting", "cancelled"})
LOST: frozenset[PageState] = frozenset({"refused", "gave_up"})


@dataclass(frozen=True)
class Turn:
    """The occasion of a page: a step of the ladder, or (`step` -1) a call by hand.

    `round`: 1 for the first time, 2 when the same people are paged again. `planned_at`: for a page that waits, when its
    `due_at` was chosen; None: sent at once. `by_every_way`: for a drill, do not restrict it to Slack.
    """

    run: int
    loop: int
    step: int
    tier: str | None
    due_at: datetime
    reason: str | None = None
    by_every_way: bool = False
    round: int = 1
    planned_at: datetime | None = None


@dataclass(frozen=True)
class PageDraft:
    """A page to be made: one person, one step, one way."""

    incident: Incident
    turn: Turn
    person: str
    via: Via
    contact: str
    late: bool


@dataclass(frozen=True)
class Page:
    """One person, one step, one way. The state is what the provider said, never what we hope.

    `unconfirmed_at`: since when an earlier attempt has been looked for; `repeated_at`: when it was sent as a possible
    repeat; None: never. `unsure`: an attempt may have been accepted without our hearing of it, so unless it
    `is_accepted`, nobody may say that it was not sent.
    """

    id: int
    incident_id: int
    run: int
    loop: int
    step: int
    tier: str | None
    person: str
    via: Via
    contact: str
    reason: str | None
    late: bool
    state: PageState
    attempts: int
    due_at: datetime
    first_attempt_at: datetime | None
    accepted_at: datetime | None
    reference: str | None
    error: str | None
    reported: str | None = None
    unconfirmed_at: datetime | None = None
    repeated_at: datetime | None = None
    unsure: bool = False
    round: int = 1
    planned_at: datetime | None = None

    @property
    def is_untried(self) -> bool:
        """Whether it is or was waiting for its planned time, never having been attempted."""
        return self.planned_at is not None and self.first_attempt_at is None

    def is_to_come(self, now: datetime) -> bool:
        """Whether it waits for its planned time; until then it says nothing about whether the person was reached."""
        return self.is_untried and self.state == "waiting" and self.due_at > now

    @property
    def is_accepted(self) -> bool:
        return self.state in ACCEPTED

    @property
    def is_unknown(self) -> bool:
        """Nobody knows whether it was sent, whatever became of attempts after the unanswered one."""
        return self.unsure and not self.is_accepted

    @property
    def key(self) -> str:
        """What providers and outsiders know this page by. Includes the due time, because a new database starts again at
        id 1."""
        return f"{self.id}.{self.due_at.timestamp():.0f}"

    @property
    def mark(self) -> str:
        """A short `key` for texts: the time part repeats only after thirteen days."""
        left, signs = int(self.due_at.timestamp()), ""
        for _ in range(4):
            left, sign = divmod(left, len(MARKS))
            signs = MARKS[sign] + signs
        return f"{self.id}-{signs}"


@dataclass(frozen=True)
class Paged:
    """A person who was paged: their latest page by each way, and the best state among them."""

    person: str
    tier: str | None
    ways: Sequence[Page]

    @property
    def state(self) -> PageState:
        best: tuple[PageState, ...] = ("delivered", "accepted", "waiting", "refused", "gave_up", "cancelled")
        return min((page.state for page in self.ways), key=best.index)

    @property
    def is_unknown(self) -> bool:
        """No page is known to have been accepted, but one may have been."""
        return may_have_reached(self.ways)

    @property
    def late(self) -> bool:
        return any(page.late for page in self.ways)

    @property
    def alike(self) -> list[list[Page]]:
        """Ways grouped by same state in the same minute, so that one sentence covers each group."""
        found: dict[tuple[object, ...], list[Page]] = {}
        for page in self.ways:
            moment = page.due_at if page.is_untried else page.accepted_at
            minute = moment and moment.replace(second=0, microsecond=0)
            found.setdefault(
                (page.state, minute, page.attempts if page.state == "waiting" else 0, page.unsure, page.error), []
            ).append(page)
        return list(found.values())


def may_have_reached(pages: Iterable[Page]) -> bool:
    """Whether, of one person's pages, none is known to have been accepted and at least one may have been."""
    own = list(pages)
    return any(page.is_unknown for page in own) and not any(page.is_accepted for page in own)


def by_person(pages: Iterable[Page]) -> list[Paged]:
    """Each person once, in the order first paged; `pages` oldest first.

    A page still waiting for its time is listed beside the last one sent by the same way; a planned page that was never
    needed does not replace it.
    """
    latest: dict[str, dict[object, Page]] = {}
    for page in pages:
        own = latest.setdefault(page.person, {})
        if page.via in own and page.is_untried:
            if page.state == "waiting":
                own[page.via, "to come"] = page
        else:
            own[page.via] = page
    return [Paged(who, list(ways.values())[-1].tier, list(ways.values())) for who, ways in latest.items()]


# The alphabet of marks: digits, and letters that cannot be taken for a digit.
MARKS = "0123456789abcdefghjkmnpqrstuvwxyz"

# When to look again at a page that has not been attempted yet.
SOON = timedelta(seconds=1)

Reach = Literal["reached", "unreached", "open"]


def reach(pages: Iterable[Page], now: datetime) -> dict[str, Reach]:
    """Whom this step reached, by person. `open`: a provider may still accept in time.

    `unreached`: every page was refused for good, or none was accepted within 20 s of its first attempt. A page in doubt
    does not count, because the ladder goes on unless somebody is known to have been paged. A tier is unreached when all
    its people are. Pages still to come say nothing: a person with no others is `open`.
    """
    return {person: _person_reach(own, now) for person, own in _by_person(pages).items()}


def look_again_at(pages: Iterable[Page], now: datetime) -> datetime:
    """When the earliest page of an `open` person runs out of time; SOON for one not attempted yet."""
    still_open = [own for own in _by_person(pages).values() if _person_reach(own, now) == "open"]
    ends = [_open_until(page, now) for own in still_open for page in own if _may_still_be_accepted(page, now)]
    return min(ends, default=now + SOON)


def to_come_for(people: Collection[str], pages: Iterable[Page], now: datetime) -> list[Page]:
    """Pages of these people that still wait for their time."""
    return [page for page in pages if page.person in people and page.is_to_come(now)]


def _person_reach(pages: list[Page], now: datetime) -> Reach:
    if any(page.is_accepted for page in pages):
        return "reached"
    # For a person with nothing but pages still to come, wait for those.
    due = [page for page in pages if not page.is_to_come(now)] or pages
    return "open" if any(_may_still_be_accepted(page, now) for page in due) else "unreached"


def _open_until(page: Page, now: datetime) -> datetime:
    if page.first_attempt_at:
        return page.first_attempt_at + REACH_WITHIN
    return max(page.due_at, now) + SOON


def _may_still_be_accepted(page: Page, now: datetime) -> bool:
    if page.state != "waiting":
        return False
    return page.first_attempt_at is None or now - page.first_attempt_at < REACH_WITHIN


def _by_person(pages: Iterable[Page]) -> Mapping[str, list[Page]]:
    own: dict[str, list[Page]] = {}
    for page in pages:
        own.setdefault(page.person, []).append(page)
    return own
