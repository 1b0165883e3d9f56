"""Do the rounds of this process still go round? Told by the alarm clock, asked by whoever watches us."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

# A round is begun every second. One that waits for a database that is away gives up well within this.
STUCK_AFTER = timedelta(seconds=30)


class Pulse:
    """By the machine's steady clock: neither a rehearsal nor a clock that is put right makes a round late."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._beaten_at_s: dict[str, float] = {}

    def beat(self, name: str) -> None:
        """This round has got somewhere, whatever it found there."""
        self._beaten_at_s[name] = self._seconds()

    def silence(self) -> Mapping[str, timedelta]:
        """How long ago each round got somewhere."""
        now_s = self._seconds()
        return {name: timedelta(seconds=now_s - at_s) for name, at_s in self._beaten_at_s.items()}

    def stuck(self) -> Mapping[str, timedelta]:
        """The rounds that have got nowhere for too long."""
        return {name: silent for name, silent in self.silence().items() if silent > STUCK_AFTER}
