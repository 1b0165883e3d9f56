"""Recently cancelled pages: every process knows them at once, without asking the database."""

from collections.abc import Iterable

# A page leaves within a minute of its start; far fewer than this are cancelled in that time.
REMEMBERED = 10_000


class Cancelled:
    """Ids of pages cancelled by a committed transaction, whether of this process or heard of by NOTIFY.

    Entries never become wrong: a cancelled page never waits again, since reopening an incident makes new pages with new
    ids. A page missing here may still be cancelled: NOTIFY can be late or lost.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, None] = {}

    def note(self, numbers: Iterable[int]) -> None:
        """Remember these page ids. Call it only after the cancelling transaction has committed."""
        self._numbers.update(dict.fromkeys(numbers))
        while len(self._numbers) > REMEMBERED:
            del self._numbers[next(iter(self._numbers))]

    def __contains__(self, number: int) -> bool:
        return number in self._numbers
