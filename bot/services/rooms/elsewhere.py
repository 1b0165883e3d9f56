"""Messages a closed room refuses: posted where incidents are announced, else sent to the person in charge."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.domain.actor import TOCSIN
from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Closed, Incident
from bot.rendering import Rendering
from bot.services.outbox.kinds import NoLongerWanted
from bot.services.rooms.channels import Channels
from bot.services.rooms.closed import why_closed
from bot.services.rooms.listeners import Listeners
from bot.slack.blocks import Message, headed
from bot.slack.gateway import Posted
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery

log = logging.getLogger(__name__)

# Posts it in a channel, or to an account; raises a kind of Failed.
Post = Callable[[str, Message], Awaitable[Posted]]


@dataclass(frozen=True)
class Heard:
    """`by`: the only person who got it; None: it was posted where incidents are announced."""

    posted: Posted
    by: str | None = None


class Elsewhere:
    """For posts and cards. Messages of private incidents are never posted where incidents are announced."""

    def __init__(self, db: Database, listeners: Listeners, channels: Channels, rendering: Rendering) -> None:
        self._db = db
        self._listeners = listeners
        self._channels = channels
        self._rendering = rendering

    async def announced_in(self, incident: Incident) -> str | None:
        return None if incident.private else await self._channels.announced_in()

    async def without_room(self, incident: Incident) -> str:
        """The channel for an incident without a room. Raises NoLongerWanted or Rejected if there is none."""
        channel = await self.announced_in(incident)
        if channel is None:
            raise never_a_room(incident)
        return channel

    def headed(self, incident: Incident, said: Message) -> Message:
        """The message under a line that names its room."""
        return headed(self._rendering.say("slack/for_closed_room", incident=incident), said)

    async def post(self, delivery: Delivery, incident: Incident, refused: str, said: Message, post: Post) -> Heard:
        """`refused`: the channel that did not take it."""
        if refused == incident.room_id:
            said = self.headed(incident, said)
        announced_in = await self.announced_in(incident)
        if announced_in and announced_in != refused:
            try:
                return Heard(await post(announced_in, said))
            except Rejected as error:
                if why_closed(error) is None:
                    raise
        return await self.to_lead(delivery, incident, said, post)

    async def of_channel(self, refused: str, why: Closed, said: Message, post: Post) -> Posted | None:
        """Post for a closed channel of the runbook; None: nowhere to post."""
        announced_in = await self._channels.announced_in()
        if announced_in in (None, refused):
            return None
        head = self._rendering.say("slack/for_closed_channel", channel=refused, why=why)
        return await post(str(announced_in), headed(head, said))

    async def to_lead(self, delivery: Delivery, incident: Incident, said: Message, post: Post) -> Heard:
        """Post to the person in charge, else to the first member Slack can reach."""
        for who in await self._listeners.in_turn(incident):
            try:
                return Heard(await post(await self._listeners.account(who), said), who)
            except Rejected as error:
                log.warning("incident=%s %s hears nothing in Slack: %s", incident.id, who, error)
        words = self._rendering.say("documents/not_heard", said=said.text)
        async with self._db.transaction() as conn:
            at, key = delivery.created_at, f"not heard {delivery.key}"
            await incidents.write_once(conn, incident.id, "system", words, actor=TOCSIN.name, at=at, key=key)
        raise Rejected("nobody in this incident is in Slack")


def never_a_room(incident: Incident) -> NoLongerWanted | Rejected:
    """The outcome for something meant for a room that will never exist: a loss, except for test pages."""
    return NoLongerWanted("a test page has no room") if incident.is_test_page else Rejected("this incident has no room")
