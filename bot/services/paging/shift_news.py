"""Who is on call now, said where incidents are announced, at each handover of a schedule that wants it."""

from bot.domain.people.schedule import Shift
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.people.people import People
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import message
from bot.store.pipelined import Connection


class ShiftNews:
    """Within the transaction that notices the handover, so that it is said once."""

    def __init__(
        self, runbook: Runbook, people: People, channels: Channels, posts: Posts, rendering: Rendering
    ) -> None:
        self._runbook = runbook
        self._people = people
        self._channels = channels
        self._posts = posts
        self._rendering = rendering

    async def announce(self, conn: Connection, schedule: str, shift: Shift) -> None:
        """Nothing while the channel is missing: what is missing is shown elsewhere."""
        if not self._runbook.schedules[schedule].announce:
            return
        if channel := await self._channels.find(conn, self._runbook.channels.incidents):
            coming = self._people.shift(schedule, shift.ends)
            words = self._rendering.say("slack/shift_announced", schedule=schedule, shift=shift, next=coming)
            await self._posts.in_channel(conn, channel, message(words))
