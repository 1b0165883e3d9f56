"""Ids and message timestamps like Slack's: ids opaque and unique, timestamps increasing."""

from datetime import UTC, datetime, timedelta

from bot.clock import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SPACE = 36**9
_STRIDE = 2_654_435_761  # coprime to 36, so no id repeats


class Identifiers:
    """Ids that look random but are the same in every run."""

    def __init__(self) -> None:
        self._given = 0

    def next(self, prefix: str) -> str:
        self._given += 1
        return prefix + "0" + _base36(self._given * _STRIDE % _SPACE)


class Timestamps:
    """Message timestamps by the clock; while it stands still, each is a microsecond later than the last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        now = (self._clock.now() - _EPOCH) // timedelta(microseconds=1)
        self._last = max(now, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def seconds(self) -> int:
        return int(self._clock.now().timestamp())


def micros(ts: str) -> int:
    """A message timestamp in microseconds; without a fraction it means the full second."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction.ljust(6, "0"))


def _base36(number: int) -> str:
    digits = ""
    for _ in range(9):
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits
