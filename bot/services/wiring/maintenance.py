"""Planned work."""

from functools import cached_property

from bot.services.maintenance.cards import WindowCards
from bot.services.maintenance.rounds import WindowRounds
from bot.services.maintenance.silencing import WindowSilences
from bot.services.maintenance.telling import WindowTelling
from bot.services.maintenance.transitions import Transitions
from bot.services.maintenance.windows import Windows
from bot.services.wiring.updates import Updates
from bot.services.wiring.watching import Watching


class Maintenance(Watching, Updates):
    """Announced, begun, ended; needs alerts to silence them, and audiences to tell them."""

    @cached_property
    def window_cards(self) -> WindowCards:
        return WindowCards(self.runbook, self.channels, self.cards, self.posts, self.rendering)

    @cached_property
    def transitions(self) -> Transitions:
        silencing = WindowSilences(self.silences, self.rendering)
        telling = WindowTelling(self.clock, self.outbox, self.cards, self.rendering)
        return Transitions(self.clock, silencing, telling, self.window_cards, self.rendering)

    @cached_property
    def windows(self) -> Windows:
        return Windows(self.db, self.clock, self.runbook, self.permissions, self.transitions)

    @cached_property
    def window_rounds(self) -> WindowRounds:
        return WindowRounds(self.db, self.clock, self.transitions)
