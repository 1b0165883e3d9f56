"""How soon an alert's card is updated: Slack accepts fewer edits than monitoring sends reports."""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clock import Clock
from bot.domain.alerts.alert import Group, GroupStanding
from bot.domain.alerts.received import LEVELS, Level
from bot.services.outbox.lines import Lines

# Cards already posted that only have to show a repeat. Slack takes about one edit a second: beyond this number, each
# waits a little longer than the one before, and one edit covers everything up to then. Just under a second each, or all
# would fall due at the same moment of every second, and block what comes in then.
REPEATS_SHOWN_PER_S = 3
LATER_BY, LATEST = timedelta(milliseconds=970), timedelta(minutes=5)
# Cards with news waiting less than this are shown at once; with hundreds, each queues up for Slack. Graver ones never
# wait behind others.
AT_ONCE_WITHIN = timedelta(seconds=1)


@dataclass(frozen=True)
class Told:
    """A report about a group: `shown` as on its card now, `standing` its current state, `group` as saved from now
    on."""

    shown: Group
    standing: GroupStanding
    group: Group

    @property
    def pages(self) -> bool:
        """Whether its card says, or has to say, that somebody will be paged."""
        return self.shown.page_at is not None or self.group.page_at is not None

    @property
    def is_repeat(self) -> bool:
        """Whether nothing is new except that it was reported once more."""
        if "slack" not in self.shown.told or any(one.risen_at == one.last_at for one in self.standing.firing):
            return False
        same = replace(self.group, due_at=self.shown.due_at, rests_until=self.shown.rests_until)
        return self.shown == same


class Pace:
    """Per process. What a person does is shown at once, without asking here."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second, self._repeats = 0, 0
        self._lines = Lines()

    def wait(self, told: Told, *, has_news: bool) -> timedelta | None:
        """How long the update of its card waits; None: not at all. `has_news`: an alert of it has begun or ended."""
        if told.is_repeat and not has_news:
            return self._wait_of_a_repeat()
        return None if told.pages else self._wait_of_news(told.standing.level)

    def _wait_of_news(self, level: Level) -> timedelta | None:
        """Spread hundreds of updates: at once they would hold up what comes in, and Slack would not take them
        sooner."""
        now = self._clock.passed()
        wait = self._lines.join("alerts", LEVELS.index(level), opens=now, now=now) - now
        return wait if wait > AT_ONCE_WITHIN else None

    def _wait_of_a_repeat(self) -> timedelta | None:
        """Show repeats at once, unless there are too many this second."""
        second = int(self._clock.elapsed().total_seconds())
        if second != self._second:
            self._second, self._repeats = second, 0
        self._repeats += 1
        return min(self._repeats * LATER_BY, LATEST) if self._repeats > REPEATS_SHOWN_PER_S else None
