"""How soon the card of an alert shows what its source has told: Slack takes less than monitoring tells."""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clock import Clock
from bot.domain.alerts.alert import Group, GroupStanding
from bot.domain.alerts.received import LEVELS, Level
from bot.services.outbox.lines import Lines

# Of cards that stand already and show nothing new but that it fires still. Slack takes about one edit a second: of more
# than these each waits a little longer than the one before, and is edited once for all that comes meanwhile. Not by a
# whole second, or all of them were due at one moment of each, and what comes in then would wait.
REPEATS_SHOWN_PER_S = 3
LATER_BY, LATEST = timedelta(milliseconds=970), timedelta(minutes=5)
# Of cards on which something begins or ends so many are shown at once; of hundreds each has its turn, as in any line
# before Slack. What is graver stands behind nothing else.
AT_ONCE_WITHIN = timedelta(seconds=1)


@dataclass(frozen=True)
class Told:
    """What sources have told of a group: as it is on its card, how it stands, and as it is kept from now on."""

    shown: Group
    standing: GroupStanding
    group: Group

    @property
    def pages(self) -> bool:
        """Its card is to say that somebody will be paged, or says so and is to say it no more."""
        return self.shown.page_at is not None or self.group.page_at is not None

    @property
    def is_repeat(self) -> bool:
        """Is nothing new about it, as far as it and what fires in it can tell, but that it has been told once more?"""
        if "slack" not in self.shown.told or any(one.risen_at == one.last_at for one in self.standing.firing):
            return False
        same = replace(self.group, due_at=self.shown.due_at, rests_until=self.shown.rests_until)
        return self.shown == same


class Pace:
    """Of one process; what a person does is shown at once, and never asks here."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second, self._repeats = 0, 0
        self._lines = Lines()

    def wait(self, told: Told, *, has_news: bool) -> timedelta | None:
        """`has_news`: an alert of it has begun or ended. None: it is shown at once."""
        if told.is_repeat and not has_news:
            return self._wait_of_a_repeat()
        return None if told.pages else self._wait_of_news(told.standing.level)

    def _wait_of_news(self, level: Level) -> timedelta | None:
        """To show hundreds at one go would keep what comes in waiting, and Slack does not take them sooner."""
        now = self._clock.passed()
        wait = self._lines.join("alerts", LEVELS.index(level), opens=now, now=now) - now
        return wait if wait > AT_ONCE_WITHIN else None

    def _wait_of_a_repeat(self) -> timedelta | None:
        """That what fires goes on firing is shown at once, but not when everything says so at every moment."""
        second = int(self._clock.elapsed().total_seconds())
        if second != self._second:
            self._second, self._repeats = second, 0
        self._repeats += 1
        return min(self._repeats * LATER_BY, LATEST) if self._repeats > REPEATS_SHOWN_PER_S else None
