"""Queued alert deliveries: which may be stored in one transaction, and what they amount to."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from bot.domain.alerts.received import Listing
from bot.domain.alerts.rules import Judged


@dataclass(frozen=True)
class Arrival:
    """One delivery with its verdicts, each alert once.

    `listings`: groups reported in full. `accepted`: the number of alerts as received. `key`: the source's id of the
    delivery; None: it has none. `body`: what is stored of it. `digest`: detects replays; None: they are impossible, as
    the sender is authenticated or the signature is timestamped.
    """

    source: str
    told: Sequence[Judged]
    arrived: datetime
    listings: Sequence[Listing] = ()
    accepted: int = 0
    key: str | None = None
    body: bytes = b""
    digest: bytes | None = None

    @cached_property
    def fingerprints(self) -> frozenset[str]:
        return frozenset(one.alert.fingerprint for one in self.told)

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of the cards its alerts belong on, as far as it can tell."""
        return frozenset(one.group_key for one in self.told)

    @cached_property
    def listed(self) -> frozenset[str]:
        return frozenset(one.group for one in self.listings)

    @cached_property
    def groups(self) -> frozenset[str]:
        """The groups it mentions, by the source's names."""
        return self.listed | {one.alert.group for one in self.told if one.alert.group is not None}

    def as_copy(self, firing: Container[str]) -> "Arrival":
        """The arrival as a replay: it can only confirm alerts that are still firing."""
        told = [one for one in self.told if one.times and one.alert.fingerprint in firing]
        return replace(self, told=told, listings=())

    @property
    def told_by(self) -> str | None:
        return next((one.alert.told_by for one in self.told if one.alert.told_by), None)


class Said:
    """What some arrivals speak about."""

    def __init__(self, arrivals: Iterable[Arrival] = ()) -> None:
        self._fingerprints: set[str] = set()
        self._groups: set[str] = set()
        self._listed: set[str] = set()
        self._keys: set[str] = set()
        for arrival in arrivals:
            self.add(arrival)

    def add(self, arrival: Arrival) -> None:
        self._fingerprints |= arrival.fingerprints
        self._groups |= arrival.groups
        self._listed |= arrival.listed
        if arrival.key is not None:
            self._keys.add(arrival.key)

    def touches(self, arrival: Arrival) -> bool:
        """Whether it may concern the same things as one of these; may be true for equal names of another source."""
        return not self._fingerprints.isdisjoint(arrival.fingerprints) or self.holds(arrival)

    def holds(self, arrival: Arrival) -> bool:
        """Whether it repeats one of these, or one lists a whole group that the other mentions."""
        return (
            arrival.key in self._keys
            or not self._listed.isdisjoint(arrival.groups)
            or not self._groups.isdisjoint(arrival.listed)
        )


class Together:
    """Arrivals of one source, in order, that can be stored together as if one by one.

    None contradicts another: an alert reported twice just goes on firing. All come from the same member of a redundant
    pair.
    """

    def __init__(self, limit: int) -> None:
        """`limit`: the most alerts taken, unless the first arrival alone has more."""
        self._limit = limit
        self._first: Arrival | None = None
        self._said = Said()
        self._told: dict[str, Judged] = {}

    def take(self, arrival: Arrival) -> bool:
        """Add it; False, without any change, when it has to wait."""
        if self._first and not self._fits(arrival, self._first):
            return False
        self._first = self._first or arrival
        self._said.add(arrival)
        self._told |= {one.alert.fingerprint: one for one in arrival.told}
        return True

    @property
    def is_full(self) -> bool:
        return len(self._told) >= self._limit

    def _fits(self, arrival: Arrival, first: Arrival) -> bool:
        return (
            (arrival.source, arrival.told_by) == (first.source, first.told_by)
            and len(self._told) + len(arrival.told) <= self._limit
            and not self._said.holds(arrival)
            and all(_goes_on(self._told.get(one.alert.fingerprint), one) for one in arrival.told)
        )


def without_copies(
    deliveries: Iterable[tuple[int, Arrival]], originals: Container[bytes], firing: Container[str]
) -> list[tuple[int, Arrival]]:
    """Reduce replays to what they can confirm. `originals`: digests first seen in this batch."""
    seen: set[bytes] = set()
    told = []
    for delivery, arrival in deliveries:
        is_copy = arrival.digest is not None and (arrival.digest not in originals or arrival.digest in seen)
        told.append((delivery, arrival.as_copy(firing) if is_copy else arrival))
        seen |= {arrival.digest} if arrival.digest else set()
    return told


def folded(deliveries: Iterable[tuple[int, Arrival]]) -> list[Judged]:
    """Each alert once, with the last delivery that reported it."""
    told: dict[str, Judged] = {}
    for delivery, arrival in deliveries:
        for one in arrival.told:
            before = told.get(one.alert.fingerprint)
            times = one.times + (before.times if before else 0)
            told[one.alert.fingerprint] = replace(one, times=times, delivery=delivery)
    return list(told.values())


def _goes_on(before: Judged | None, now: Judged) -> bool:
    """Whether it is new, or the same episode goes on firing."""
    if before is None:
        return True
    is_same = (before.alert.starts_at, before.group_key) == (now.alert.starts_at, now.group_key)
    return is_same and before.times > 0 and now.times > 0
