"""Queues in front of a rate-limited place: when hundreds wait, a few a second retry."""

from datetime import timedelta

# Slack takes about one message a second in a channel, with short bursts.
BETWEEN_TWO = timedelta(milliseconds=100)
# The last in line retries within this, however long the line: those that left it for a newer state left gaps.
LONGEST_LINE = timedelta(minutes=2)


class Lines:
    """One per process: a line for each place and priority, so that urgent deliveries don't queue behind others."""

    def __init__(self) -> None:
        # The latest turn given out in each line, on the steady counter.
        self._last: dict[tuple[str, int], timedelta] = {}

    def join(self, place: str, priority: int, *, opens: timedelta, now: timedelta) -> timedelta:
        """The turn of the delivery that joins now; the first in line gets `opens`, when the place opens."""
        self._last = {line: turn for line, turn in self._last.items() if turn + BETWEEN_TWO > now}
        turn = max(self._last.get((place, priority), timedelta.min + BETWEEN_TWO) + BETWEEN_TWO, opens)
        if turn - opens > LONGEST_LINE:
            turn = opens
        self._last[place, priority] = turn
        return turn
