"""How many deliveries may be under way at once, counted by way: a provider that hangs uses up no places of others."""

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.services.outbox.kinds import LEAST_URGENT, PAGE
from bot.services.outbox.precedence import MANY_PAGES, Precedence
from bot.store.outbox.outbox import Delivery, FreePlace

AT_ONCE = 128
# For everything but pages: with all others slow, a page still finds a place, and they don't compete for the CPU.
OTHERS_AT_ONCE = 32
# While many pages wait for their providers, at most this many other deliveries run beside them.
BESIDE_PAGES = 4
# Stands for every way with nothing under way.
ANY = ""


class Places:
    """Counts the places taken, and says which are free."""

    def __init__(self, precedence: Precedence) -> None:
        self._precedence = precedence
        self._pages: Counter[str] = Counter()
        self._others: Counter[str] = Counter()

    def take(self, delivery: Delivery) -> None:
        self._of(delivery)[delivery.way] += 1

    def leave(self, delivery: Delivery) -> None:
        self._of(delivery)[delivery.way] -= 1

    def has(self, way: str, count: int) -> bool:
        """Are there places for `count` more pages?"""
        return self._under_way(way) + count <= AT_ONCE

    @property
    def full(self) -> list[str]:
        """Ways by which nothing can be claimed until something ends."""
        return [way for way in self._ways if self._others[way] >= OTHERS_AT_ONCE or self._under_way(way) >= AT_ONCE]

    def offers(self) -> list[Sequence[FreePlace]]:
        """What may be claimed now, as a list of looks; the first place of each applies to every way not named in it."""
        ways = [ANY, *self._ways]
        rushing = self._precedence.is_rushing()
        if rushing and not self._precedence.rushed_since_long:
            return [[self._for_pages(way) for way in ways]]
        beside = [way for way in ways if rushing or self._pages[way] >= MANY_PAGES]
        offers = [[self._for_pages(way) for way in ways]] if beside else []
        return [*offers, [self._beside_pages(way) if way in beside else self._for_all(way) for way in ways]]

    def _for_pages(self, way: str) -> FreePlace:
        return FreePlace(way, PAGE, max(AT_ONCE - self._under_way(way), 0))

    def _beside_pages(self, way: str) -> FreePlace:
        free = min(BESIDE_PAGES - self._others[way], AT_ONCE - self._under_way(way))
        return FreePlace(way, LEAST_URGENT, max(free, 0))

    def _for_all(self, way: str) -> FreePlace:
        free = min(OTHERS_AT_ONCE - self._others[way], AT_ONCE - self._under_way(way))
        return FreePlace(way, LEAST_URGENT, free) if free > 0 else self._for_pages(way)

    @property
    def _ways(self) -> list[str]:
        """Ways by which something is under way."""
        return [way for way in self._pages | self._others if self._under_way(way)]

    def _under_way(self, way: str) -> int:
        return self._pages[way] + self._others[way]

    def _of(self, delivery: Delivery) -> Counter[str]:
        return self._pages if delivery.priority <= PAGE else self._others


def is_short(offer: Sequence[FreePlace]) -> bool:
    """Does this offer exclude anything that might be due?"""
    return any(place.lowest < LEAST_URGENT or not place.free for place in offer)


def is_filled(offer: Sequence[FreePlace], claimed: Iterable[Delivery]) -> bool:
    """Did some way take all it had places for, so that more might have been claimed?"""
    free = {place.way: place.free for place in offer}
    taken = Counter(delivery.way for delivery in claimed)
    return any(count >= free.get(way, free[ANY]) for way, count in taken.items())
