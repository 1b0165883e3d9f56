"""Which pages were cancelled a moment ago: known at once to every process, without a question to the database."""

from collections.abc import Iterable

# A page leaves within a minute of being begun; by then far fewer than these are cancelled.
REMEMBERED = 10_000


class Cancelled:
    """The numbers of pages that a committed transaction has cancelled, as this process did so or heard of it by NOTIFY.

    A cancelled page never waits again: an incident that is reopened makes new pages, with numbers of their own. So
    nothing here becomes untrue. What is missing here may be cancelled all the same: NOTIFY may be late, or lost.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, None] = {}

    def note(self, numbers: Iterable[int]) -> None:
        """A transaction that cancelled these was committed."""
        self._numbers.update(dict.fromkeys(numbers))
        while len(self._numbers) > REMEMBERED:
            del self._numbers[next(iter(self._numbers))]

    def __contains__(self, number: int) -> bool:
        return number in self._numbers
