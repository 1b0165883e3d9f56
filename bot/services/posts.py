"""Messages posted once: a real transition, told in the incident's room or in a channel."""

from collections.abc import Sequence

from bot.domain.errors import Rejected
from bot.domain.incident import Incident
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.below_card import not_below_yet
from bot.services.channels import Channels
from bot.services.errands import UPDATE, Errand, NoLongerWanted, NotYet
from bot.services.outbox import Outbox
from bot.slack.blocks import Button, Message, message
from bot.slack.gateway import Gateway
from bot.store import incidents
from bot.store.database import Database
from bot.store.outbox import Delivery
from bot.store.queries import Connection


def no_room_yet(incident_id: int) -> NotYet:
    """Whatever needs the incident's room waits until it is opened."""

    async def is_there(conn: Connection) -> bool:
        return (await incidents.lock(conn, incident_id)).room_id is not None

    return NotYet("the room is not there yet", is_there)


def never_a_room(incident: Incident) -> NoLongerWanted | Rejected:
    """What was meant for the incident's room is lost, unless nobody was to hear it there."""
    return NoLongerWanted("a trial has no room") if incident.is_trial else Rejected("this incident has no room")


class Posts(Errand):
    """Puts posts into the outbox, in order per place, and carries them."""

    def __init__(
        self, db: Database, runbook: Runbook, channels: Channels, outbox: Outbox, gateway: Gateway, rendering: Rendering
    ) -> None:
        self._incidents_channel = runbook.channels.incidents
        self._channels = channels
        self._db = db
        self._outbox = outbox
        self._gateway = gateway
        self._rendering = rendering
        outbox.carries("post", self)

    async def in_room(self, conn: Connection, room_of: Incident, template: str, **facts: object) -> None:
        """Say something in the incident's room; waits for the room when it is not there yet."""
        await self.ask_in_room(conn, room_of, template, (), **facts)

    async def ask_in_room(
        self, conn: Connection, room_of: Incident, template: str, buttons: Sequence[Button], **facts: object
    ) -> None:
        """As `in_room`, with something to press."""
        mark = self._rendering.say("slack/_drill", incident=room_of)
        words = f"{mark} {self._rendering.say(f'slack/{template}', **facts)}".lstrip()
        await self._put(conn, {"incident": room_of.id}, f"room {room_of.id}", message(words, buttons))

    async def in_channel(self, conn: Connection, channel_id: str, said: Message) -> None:
        await self._put(conn, {"channel": channel_id}, f"channel {channel_id}", said)

    async def _put(self, conn: Connection, place: dict[str, object], lane: str, said: Message) -> None:
        payload = {**place, "text": said.text, "blocks": list(said.blocks)}
        await self._outbox.put(conn, "post", payload, priority=UPDATE, lane=lane)

    async def send(self, delivery: Delivery) -> str | None:
        channel = await self._channel(delivery)
        key = f"post {delivery.key}"
        since = delivery.created_at
        if delivery.unsure and (found := await self._gateway.find_posted(channel, key, since=since)):
            return found.ts
        said = Message(delivery.payload["text"], delivery.payload["blocks"])
        return (await self._gateway.post(channel, said, key=key)).ts

    async def _channel(self, delivery: Delivery) -> str:
        if "channel" in delivery.payload:
            return str(delivery.payload["channel"])
        async with self._db.statement() as conn:
            incident = await incidents.get(conn, delivery.payload["incident"])
            early = await not_below_yet(conn, incident)
        if incident.room_lost:
            return await self._instead(incident)
        if early or incident.room_id is None:
            raise early or no_room_yet(incident.id)
        return incident.room_id

    async def _instead(self, incident: Incident) -> str:
        """Without a room, what it would have been told stands where the incident is announced."""
        channel = None if incident.private else await self._channels.find(self._incidents_channel)
        if channel is None:
            raise never_a_room(incident)
        return channel
