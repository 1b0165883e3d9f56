"""Reports existing backups found when this bot's memory began."""

from collections.abc import Mapping, Sequence

from bot.domain.backups.backup import Backup
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import message
from bot.store.pipelined import Connection


class Findings:
    """One message per look, in the alerts channel."""

    def __init__(self, runbook: Runbook, channels: Channels, posts: Posts, rendering: Rendering) -> None:
        self._runbook = runbook
        self._channels = channels
        self._posts = posts
        self._rendering = rendering

    async def tell(self, conn: Connection, adopted: Sequence[Backup], unusable: Mapping[str, str]) -> bool:
        """`unusable`: reasons by file. False while the channel is not known yet."""
        channel = await self._channels.find(conn, self._runbook.channels.alerts)
        if channel is None:
            return False
        names = [name for name in self._runbook.backups if any(one.name == name for one in adopted)]
        facts = {"adopted": adopted, "names": names, "unusable": unusable, "wanted": self._runbook.backups}
        await self._posts.in_channel(conn, channel, message(self._rendering.say("slack/backups_found", **facts)))
        return True
