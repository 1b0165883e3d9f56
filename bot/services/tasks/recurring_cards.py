"""What the channel of incidents shows of work that comes round, and what its lead hears."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.tasks.recurring import Occurrence
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import Button, message
from bot.store.pipelined import Connection
from bot.store.tasks import recurring


class RecurringCards:
    """The painter of `recurring:<id>`."""

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
        found = await recurring.get(conn, int(subject))
        words = self._rendering.say("slack/recurring", task=found)
        buttons = [] if found.done_at else [Button("Done", "recurring.done", str(found.id), "primary")]
        return Painted(await self._channels.find(conn, self._runbook.channels.incidents), message(words, buttons))

    async def show(self, conn: Connection, task: Occurrence) -> None:
        if task.posted_at:
            await self._cards.touch(conn, f"recurring:{task.id}")

    async def tell_lead(self, conn: Connection, overdue: Sequence[Occurrence], now: datetime) -> None:
        """Who is on call of the tier that leads."""
        for person in await self._people.leading(conn, now):
            await self._posts.to_person(conn, person, "recurring_overdue", tasks=overdue, now=now)
