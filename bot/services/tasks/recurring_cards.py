"""Recurring tasks in the incidents channel, and the reminders of overdue ones to the lead."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.tasks.recurring import Occurrence
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import Button, Message, message
from bot.store.pipelined import Connection
from bot.store.tasks import recurring

# One line each; the rest go into further messages.
MOST_ON_A_CARD = 40


class RecurringCards:
    """Paints the cards `recurring:<card>`."""

    def __init__(
        self, runbook: Runbook, people: People, channels: Channels, cards: Cards, posts: Posts, rendering: Rendering
    ) -> None:
        self._runbook = runbook
        self._people = people
        self._channels = channels
        self._cards = cards
        self._posts = posts
        self._rendering = rendering
        cards.painted_by("recurring", self.paint)

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        found = await recurring.on_card(conn, int(subject))
        if not found:
            return None
        return Painted(await self._channels.find(conn, self._runbook.channels.incidents), self._shown(found))

    async def show(self, conn: Connection, card: int | None) -> None:
        if card is not None:
            await self._cards.touch(conn, f"recurring:{card}")

    def _shown(self, found: Sequence[Occurrence]) -> Message:
        open_ones = [one for one in found if not one.done_at]
        if len(found) > 1:
            buttons = [Button("Done", "recurring.which", str(found[0].card), "primary")] if open_ones else []
            return message(self._rendering.say("slack/recurring_list", tasks=found), buttons)
        buttons = [Button("Done", "recurring.done", str(one.id), "primary") for one in open_ones]
        return message(self._rendering.say("slack/recurring", task=found[0]), buttons)

    async def tell_lead(self, conn: Connection, overdue: Sequence[Occurrence], now: datetime) -> None:
        """Message whoever is on call in the tier that leads."""
        for person in await self._people.leading(conn, now):
            await self._posts.to_person(conn, person, "recurring_overdue", tasks=overdue, now=now)
