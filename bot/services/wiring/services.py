"""All the services of one process, built and told of each other."""

from functools import cached_property

from bot.services.upkeep.housekeeping import Housekeeping
from bot.services.wiring.recovery import Recovery
from bot.services.wiring.updates import Updates


class Services(Recovery, Updates):
    """The services of one process. Each part of `wiring` builds its own."""

    @cached_property
    def housekeeping(self) -> Housekeeping:
        return Housekeeping(self.db, self.clock, self.alerts, self.checks)

    def connected(self) -> "Services":
        """All of them, built and told of each other; nothing runs yet."""
        for part in _parts(type(self)):
            getattr(self, part)
        self.outbox.precedence.pages_are_coming = lambda: self.ladders.is_a_storm
        self.deeds.followed_by(self.alert_incidents, self.following, self.deadlines, self.inactivity)
        return self


def _parts(house: type) -> list[str]:
    """Whatever is built when it is first asked for."""
    return [name for kind in house.__mro__ for name, value in vars(kind).items() if isinstance(value, cached_property)]
