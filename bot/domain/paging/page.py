"""What is known of a page: its states, and when a tier counts as not reached."""

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
# Nobody has said yes or no to it; also one that was cancelled on its way may still be accepted.
UNSETTLED: frozenset[PageState] = frozenset({"waiting", "cancelled"})
LOST: frozenset[PageState] = frozenset({"refused", "gave_up"})


@dataclass(frozen=True)
class Turn:
    """Whose turn it is: a step of the ladder, or (`step` -1) somebody called by hand.

    `round`: of one step; 2 = the same people once more. `planned_at`: when `due_at` was chosen, of a page that waits
    for it; None: it is sent at once. `by_every_way`: also for a drill, which else goes through Slack only.
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
    """A page that is to be made: one person, one step, one channel."""

    incident: Incident
    turn: Turn
    person: str
    via: Via
    contact: str
    late: bool


@dataclass(frozen=True)
class Page:
    """One person, one step, one channel. The state is what a provider said, never what we hope.

    `unconfirmed_at`: since when it has been looked for; `repeated_at`: when it was sent as a possible repeat. None:
    never.
    `unsure`: an attempt may have been accepted unheard, so nobody may say that it was not sent before it `is_accepted`.
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
        """Does, or did, it wait for its time?"""
        return self.planned_at is not None and self.first_attempt_at is None

    def is_to_come(self, now: datetime) -> bool:
        """Does it wait for its time? It reaches nobody yet, and nobody is unreached by it."""
        return self.is_untried and self.state == "waiting" and self.due_at > now

    @property
    def is_accepted(self) -> bool:
        return self.state in ACCEPTED

    @property
    def is_unknown(self) -> bool:
        """Nobody knows whether it was sent, whatever became of the attempts after the one that was not answered."""
        return self.unsure and not self.is_accepted

    @property
    def key(self) -> str:
        """What others know this page by, for as long as they remember. The instant is part of it: a new database counts
        from 1 again."""
        return f"{self.id}.{self.due_at.timestamp():.0f}"

    @property
    def mark(self) -> str:
        """As `key`, and short enough for a text: the instant comes again after thirteen days."""
        left, signs = int(self.due_at.timestamp()), ""
        for _ in range(4):
            left, sign = divmod(left, len(MARKS))
            signs = MARKS[sign] + signs
        return f"{self.id}-{signs}"


@dataclass(frozen=True)
class Paged:
    """Somebody who was paged: their latest page of each way, and what the best of them came to."""

    person: str
    tier: str | None
    ways: Sequence[Page]

    @property
    def state(self) -> PageState:
        best: tuple[PageState, ...] = ("delivered", "accepted", "waiting", "refused", "gave_up", "cancelled")
        return min((page.state for page in self.ways), key=best.index)

    @property
    def is_unknown(self) -> bool:
        """Nothing was accepted as far as anybody knows, and something may have been."""
        return may_have_reached(self.ways)

    @property
    def late(self) -> bool:
        return any(page.late for page in self.ways)

    @property
    def alike(self) -> list[list[Page]]:
        """The ways by which the same happened in the same minute, together: one sentence says it of all of them."""
        found: dict[tuple[object, ...], list[Page]] = {}
        for page in self.ways:
            moment = page.due_at if page.is_untried else page.accepted_at
            minute = moment and moment.replace(second=0, microsecond=0)
            found.setdefault(
                (page.state, minute, page.attempts if page.state == "waiting" else 0, page.unsure, page.error), []
            ).append(page)
        return list(found.values())


def may_have_reached(pages: Iterable[Page]) -> bool:
    """Of one person's pages none is known to have been accepted, and at least one may have been."""
    own = list(pages)
    return any(page.is_unknown for page in own) and not any(page.is_accepted for page in own)


def by_person(pages: Iterable[Page]) -> list[Paged]:
    """Each person once, in the order in which they were paged first. The pages are given oldest first.

    What still waits for its time stands beside what was sent by that way before; what was not needed in the end does
    not stand for it.
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


# What a mark is written with: digits, and letters that nobody reads as one.
MARKS = "0123456789abcdefghjkmnpqrstuvwxyz"

# A page that has not been tried yet is looked at again after this.
SOON = timedelta(seconds=1)

Reach = Literal["reached", "unreached", "open"]


def reach(pages: Iterable[Page], now: datetime) -> dict[str, Reach]:
    """Whom did this step reach? `open` while a provider may still accept within its time.

    A person is unreached when every page to them was refused for good, or none was accepted within 20 s of its first
    attempt; also when one may have been accepted, for the ladder goes on unless somebody is known to have been paged. A
    tier is unreached when all its people are. Pages that are still to come say nothing: somebody who has no others yet
    is open.
    """
    return {person: _person_reach(own, now) for person, own in _by_person(pages).items()}


def look_again_at(pages: Iterable[Page], now: datetime) -> datetime:
    """When a page of somebody who is still open will have had its time; soon, when it has not been tried yet."""
    still_open = [own for own in _by_person(pages).values() if _person_reach(own, now) == "open"]
    ends = [_open_until(page, now) for own in still_open for page in own if _may_still_be_accepted(page, now)]
    return min(ends, default=now + SOON)


def to_come_for(people: Collection[str], pages: Iterable[Page], now: datetime) -> list[Page]:
    """What these are paged by later."""
    return [page for page in pages if page.person in people and page.is_to_come(now)]


def _person_reach(pages: list[Page], now: datetime) -> Reach:
    if any(page.is_accepted for page in pages):
        return "reached"
    # Of somebody who is paged by nothing before its time, that is waited for.
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
