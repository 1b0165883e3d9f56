"""Posts about a post-mortem: in its incident's room, and in the incidents channel when it is done."""

from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.domain.postmortems.postmortem import Postmortem
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.postmortems.cards import facts
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts
from bot.slack.blocks import message
from bot.store.pipelined import Connection


class News:
    """Each post goes out with the transaction of the change it tells of."""

    def __init__(self, runbook: Runbook, channels: Channels, posts: Posts, rendering: Rendering) -> None:
        self._runbook = runbook
        self._channels = channels
        self._posts = posts
        self._rendering = rendering

    async def changed(
        self, conn: Connection, incident: Incident, postmortem: Postmortem, actor: Actor, change: str
    ) -> None:
        """Post the change in its room, which is also the reply that `actor` gets."""
        shown = {**await facts(conn, incident, postmortem), "change": change, "actor": actor.name}
        await self._posts.in_room(conn, incident, "postmortem_changed", **shown)

    async def announce(self, conn: Connection, incident: Incident, postmortem: Postmortem) -> None:
        """Announce that it is done; not for drills and private incidents, which stay in their rooms."""
        if incident.drill or incident.private:
            return
        if channel := await self._channels.find(conn, self._runbook.channels.incidents):
            words = self._rendering.say("slack/postmortem_done", **await facts(conn, incident, postmortem))
            await self._posts.in_channel(conn, channel, message(words))
