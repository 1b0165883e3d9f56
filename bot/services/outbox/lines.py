"""Where hundreds wait for one place that takes no more for now, a few a second ask for their turn."""

from datetime import timedelta

# Slack takes about one message a second in a channel, and a few at once.
BETWEEN_TWO = timedelta(milliseconds=100)
# What is at the end of a line asks within this, however many there are: who steps out for a newer state leaves a gap.
LONGEST_LINE = timedelta(minutes=2)


class Lines:
    """One per process: a line for each place and urgency, so that what is urgent stands behind nothing else."""

    def __init__(self) -> None:
        # When the last of each has its turn, on a steady counter.
        self._last: dict[tuple[str, int], timedelta] = {}

    def join(self, place: str, priority: int, *, opens: timedelta, now: timedelta) -> timedelta:
        """When whoever joins now has its turn; the first has it when the place `opens`."""
        self._last = {line: turn for line, turn in self._last.items() if turn + BETWEEN_TWO > now}
        turn = max(self._last.get((place, priority), timedelta.min + BETWEEN_TWO) + BETWEEN_TWO, opens)
        if turn - opens > LONGEST_LINE:
            turn = opens
        self._last[place, priority] = turn
        return turn
