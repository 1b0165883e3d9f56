"""How much may be under way at a time, by each way of its own: a provider that hangs takes no places of the others."""

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.services.outbox.kinds import LEAST_URGENT, PAGE
from bot.services.outbox.precedence import MANY_PAGES, Precedence
from bot.store.outbox.outbox import Delivery, FreePlace

AT_ONCE = 128
# Of everything but pages: when all of that is slow, a page still finds a place, and no crowd before the processor.
OTHERS_AT_ONCE = 32
# Beside many pages that wait for their providers, of everything else so many at a time.
BESIDE_PAGES = 4
# A way by which nothing is under way.
ANY = ""


class Places:
    """Who has one, and what is free."""

    def __init__(self, precedence: Precedence) -> None:
        self._precedence = precedence
        self._pages: Counter[str] = Counter()
        self._others: Counter[str] = Counter()

    def take(self, delivery: Delivery) -> None:
        self._of(delivery)[delivery.way] += 1

    def leave(self, delivery: Delivery) -> None:
        self._of(delivery)[delivery.way] -= 1

    def has(self, way: str, count: int) -> bool:
        """Are there places for so many pages?"""
        return self._under_way(way) + count <= AT_ONCE

    @property
    def full(self) -> list[str]:
        """By these ways nothing is due before something has ended."""
        return [way for way in self._ways if self._others[way] >= OTHERS_AT_ONCE or self._under_way(way) >= AT_ONCE]

    def offers(self) -> list[Sequence[FreePlace]]:
        """What may be claimed now, one look after the other: of each the first is of any way that is not named."""
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
        """By which something is under way."""
        return [way for way in self._pages | self._others if self._under_way(way)]

    def _under_way(self, way: str) -> int:
        return self._pages[way] + self._others[way]

    def _of(self, delivery: Delivery) -> Counter[str]:
        return self._pages if delivery.priority <= PAGE else self._others


def is_short(offer: Sequence[FreePlace]) -> bool:
    """Is there anything that may not be claimed at all?"""
    return any(place.lowest < LEAST_URGENT or not place.free for place in offer)


def is_filled(offer: Sequence[FreePlace], claimed: Iterable[Delivery]) -> bool:
    """Would perhaps more have been claimed, had there been more places?"""
    free = {place.way: place.free for place in offer}
    taken = Counter(delivery.way for delivery in claimed)
    return any(count >= free.get(way, free[ANY]) for way, count in taken.items())
