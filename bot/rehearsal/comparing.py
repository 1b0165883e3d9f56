"""Compares whom an incident paged originally and in the replay, page by page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.rehearsal.facts import Fact
from bot.scenarios.replays import PastPage, Replay

# Pages closer than this count as simultaneous: originally, they took as long as providers took.
SAME_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True)
class Compared:
    """`then`, `now`: when a provider accepted it, both by the original clock; None: no such page was accepted.

    `lost`: originally it was attempted but isn't known to have been accepted.
    """

    person: str
    via: str
    then: datetime | None
    now: datetime | None
    lost: bool = False

    @property
    def is_same(self) -> bool:
        return self.then is not None and self.now is not None and abs(self.now - self.then) < SAME_MOMENT

    @property
    def later(self) -> timedelta:
        """How much later than originally, negative if earlier. Only for a page that is in both."""
        assert self.then is not None and self.now is not None
        return self.now - self.then

    @property
    def at(self) -> datetime:
        return min(one for one in (self.then, self.now) if one is not None)


def compared(replay: Replay, facts: Iterable[Fact]) -> list[Compared]:
    """In order of time. A person's first page by one way is compared with their first original one, and so on."""
    now: dict[tuple[str, str], list[datetime]] = {}
    for fact in facts:
        if fact.kind == "paged":
            now.setdefault((_one(fact.who, replay), fact.via), []).append(fact.at - replay.shifted)
    return sorted(_paired(replay.past.pages, now), key=lambda one: (one.at, one.person, one.via))


def _paired(pages: Iterable[PastPage], now: dict[tuple[str, str], list[datetime]]) -> Iterator[Compared]:
    for page in sorted(pages, key=lambda one: one.accepted_at or one.due_at):
        left = now.get((page.person, page.via))
        again = left.pop(0) if left else None
        if page.accepted_at is not None:
            yield Compared(page.person, page.via, page.accepted_at, again)
        elif again is not None:
            yield Compared(page.person, page.via, None, again, lost=True)
    for (person, via), times in now.items():
        for at in times:
            yield Compared(person, via, None, at)


def _one(people: tuple[str, ...], replay: Replay) -> str:
    """Of several people who share an address, one who was paged originally."""
    paged = {page.person for page in replay.past.pages}
    return next((key for key in people if key in paged), people[0])
