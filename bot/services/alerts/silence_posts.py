"""Silences in the alerts channel: a card for each, and a post when it ends."""

from bot.domain.alerts.alert import GroupStanding
from bot.domain.alerts.silence import Muted, Silence
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.alerts.incidents import AlertIncidents
from bot.services.rooms.cards import Cards, Painted
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import Button, message
from bot.store.alerts import silences
from bot.store.pipelined import Connection


def silence_buttons(silence: Silence, named: str = "") -> list[Button]:
    """`named` distinguishes the buttons of several silences in one message."""
    of, value = f" {named}" if named else "", str(silence.id)
    return [
        Button(f"End{of} now", f"alert.silence.end#{value}", value),
        Button(f"{named} +30 min".lstrip(), f"alert.silence.extend#{value}", value),
    ]


class SilencePosts:
    """Paints `silence:<id>`."""

    def __init__(
        self, runbook: Runbook, channels: Channels, tied: AlertIncidents, cards: Cards, posts: Posts,
        rendering: Rendering,
    ) -> None:  # fmt: skip
        self._runbook = runbook
        self._channels = channels
        self._tied = tied
        self._cards = cards
        self._posts = posts
        self._rendering = rendering
        cards.painted_by("silence", self.paint)

    def title(self, standing: GroupStanding) -> str:
        """The title for a silence of one card."""
        return self._tied.title(standing)

    async def show(self, conn: Connection, silence: Silence) -> None:
        """Repaint its card; a silence of a single card is shown on that card."""
        if silence.key is None:
            await self._cards.touch(conn, f"silence:{silence.id}")

    async def paint(self, conn: Connection, subject: str) -> Painted | None:
        silence = await silences.get(conn, int(subject))
        if silence is None:
            return None
        words = self._rendering.say("slack/silence", silence=silence)
        buttons = [] if silence.ended_at else silence_buttons(silence)
        return Painted(await self._channel(conn), message(words, buttons))

    async def over(self, conn: Connection, silence: Silence, count: Muted) -> None:
        """Post its end: alerts it muted that still fire are loud from now on."""
        await self.show(conn, silence)
        channel = await self._channel(conn)
        if channel:
            said = message(self._rendering.say("slack/silence_over", silence=silence, count=count))
            await self._posts.in_channel(conn, channel, said)

    async def _channel(self, conn: Connection) -> str | None:
        return await self._channels.find(conn, self._runbook.channels.alerts)
