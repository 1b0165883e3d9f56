"""What the whole workspace is told about incidents that users noticed."""

from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.rooms.channels import Channels
from bot.services.rooms.deeds import Moment
from bot.services.rooms.posts import Posts
from bot.slack.blocks import message
from bot.store.pipelined import Connection


class PublicPosts:
    """Follows incidents: posts when one is resolved or reopened."""

    def __init__(self, runbook: Runbook, channels: Channels, posts: Posts, rendering: Rendering) -> None:
        self._runbook = runbook
        self._channels = channels
        self._posts = posts
        self._rendering = rendering

    async def follow(self, conn: Connection, incident: Incident, moment: Moment) -> None:
        if moment not in ("resolved", "reopened") or incident.drill or incident.private:
            return
        public = self._runbook.channels.public
        if not public or not self._runbook.severity_as_declared(incident.severity).user_facing:
            return
        if channel := await self._channels.find(conn, public):
            words = self._rendering.say(f"slack/public_{moment}", incident=incident)
            await self._posts.in_channel(conn, channel, message(words))
