"""Posts: messages sent once, telling a change in an incident's room or a channel."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.domain.actor import TOCSIN
from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NotYet, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.below_card import not_below_yet
from bot.services.rooms.closed import note_closed, note_open, why_closed
from bot.services.rooms.elsewhere import Elsewhere
from bot.services.rooms.in_doubt import look_for_others
from bot.services.rooms.listeners import Listeners
from bot.slack.blocks import Message, headed, message
from bot.slack.gateway import Gateway, Posted
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

NOTHING: Mapping[str, object] = {}
# A post delayed longer than this may no longer be true, so it says when it was written.
LATE_AFTER = timedelta(seconds=10)


def no_room_yet(incident_id: int) -> NotYet:
    """The error for whatever has to wait until the incident's room is open."""

    async def is_there(conn: Connection) -> bool:
        return (await incidents.lock(conn, incident_id)).room_id is not None

    return NotYet("the room is not there yet", is_there)


def _said(delivery: Delivery) -> Message:
    return Message(delivery.payload["text"], delivery.payload["blocks"])


def _key(delivery: Delivery) -> str:
    """The key by which its message is found again."""
    return f"post {delivery.key}"


class Posts(DeliveryKind[Posted]):
    """Puts posts into the outbox, ordered per place, and sends them."""

    def __init__(
        self,
        db: Database,
        listeners: Listeners,
        elsewhere: Elsewhere,
        outbox: Outbox,
        gateway: Gateway,
        rendering: Rendering,
    ) -> None:
        self._listeners = listeners
        self._elsewhere = elsewhere
        self._db = db
        self._outbox = outbox
        self._gateway = gateway
        self._rendering = rendering

    async def in_room(self, conn: Connection, room_of: Incident, template: str, **facts: object) -> None:
        """Post in the incident's room, waiting for it if need be.

        `actor` among the facts: this post is their answer, so they are told if the room takes no messages.
        """
        await self._in_room(conn, room_of, template, facts)

    async def above_cards(self, conn: Connection, room_of: Incident, template: str, **facts: object) -> None:
        """`in_room`, with new cards in the room waiting until this is posted."""
        await self._in_room(conn, room_of, template, facts, {"leads": True})

    async def _in_room(
        self,
        conn: Connection,
        room_of: Incident,
        template: str,
        facts: Mapping[str, object],
        more: Mapping[str, object] = NOTHING,
    ) -> None:
        words = self.marked(room_of, template, facts)
        place: dict[str, object] = {"incident": room_of.id, **more}
        # If the room is known to be closed, the answer to the request has said so.
        if not room_of.room_closed and (author := facts.get("actor")) not in (None, TOCSIN.name):
            place["author"] = author
        await self._put(conn, place, f"room {room_of.id}", message(words))

    async def in_channel(self, conn: Connection, channel_id: str, said: Message) -> None:
        await self._put(conn, {"channel": channel_id}, f"channel {channel_id}", said)

    async def _put(self, conn: Connection, place: dict[str, object], lane: str, said: Message) -> None:
        payload = {**place, "text": said.text, "blocks": list(said.blocks)}
        await self._outbox.put(conn, "post", payload, priority=UPDATE, lane=lane)

    async def to_lead(self, conn: Connection, lead_of: Incident, template: str, **facts: object) -> None:
        """Tell the incident's lead alone, or without one the declarer."""
        words = self.marked(lead_of, template, facts)
        await self._put(conn, {"lead_of": lead_of.id}, f"lead of {lead_of.id}", message(words))

    def marked(self, incident: Incident, template: str, facts: Mapping[str, object]) -> str:
        """The rendered text, marked if it is a drill."""
        mark = self._rendering.say("slack/_drill", incident=incident)
        return f"{mark} {self._rendering.say(f'slack/{template}', **facts)}".lstrip()

    async def to_person(self, conn: Connection, person: str, template: str, **facts: object) -> None:
        """Tell this person alone."""
        words = self._rendering.say(f"slack/{template}", **facts)
        await self._put(conn, {"person": person}, f"person {person}", message(words))

    async def wake(self, conn: Connection) -> None:
        """Try at once whatever waits for a channel."""
        await self._outbox.wake(conn, ["card", "post"], {})

    async def send(self, delivery: Delivery) -> Posted:
        of = next((delivery.payload[key] for key in ("incident", "lead_of") if key in delivery.payload), None)
        incident = None if of is None else await self._incident(of)
        said = _said(delivery)
        if self._outbox.waited(delivery) > LATE_AFTER:
            said = headed(self._rendering.say("slack/as_of", incident=incident, at=delivery.created_at), said)
        if "person" in delivery.payload:
            return await self._post(delivery, await self._listeners.account(delivery.payload["person"]), said)
        if incident is None:
            return await self._in_channel(delivery, str(delivery.payload["channel"]), said)
        if "lead_of" in delivery.payload:
            return (await self._elsewhere.to_lead(delivery, incident, said, partial(self._post, delivery))).posted
        return await self._post_for(incident, delivery, said)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[Posted]) -> None:
        if outcome.returned:
            await note_open(conn, self._outbox, outcome.returned.channel)
            await look_for_others(conn, self._outbox, delivery, outcome.returned, _key(delivery))
        if "leads" in delivery.payload and outcome.state != "waiting":
            # Lock the incident, as does a painter that finds this post still to come, so that it cannot miss the
            # wake-up.
            await incidents.lock(conn, delivery.payload["incident"])
            await self._outbox.wake(conn, ["card"], {"incident": delivery.payload["incident"]})

    async def _in_channel(self, delivery: Delivery, channel: str, said: Message) -> Posted:
        """Post in the channel, or, if it is closed, where incidents are announced."""
        post = partial(self._post, delivery)
        try:
            return await post(channel, said)
        except Rejected as error:
            if (why := why_closed(error)) and (posted := await self._elsewhere.of_channel(channel, why, said, post)):
                return posted
            raise

    async def _post_for(self, incident: Incident, delivery: Delivery, said: Message) -> Posted:
        channel = await self._channel(incident)
        try:
            return await self._post(delivery, channel, said)
        except Rejected as error:
            if (why := why_closed(error)) is None:
                raise
            closed, post = replace(incident, room_closed=why), partial(self._post, delivery)
            heard = await self._elsewhere.post(delivery, closed, channel, said, post)
            await self._tell_author(delivery, closed, heard_by=heard.by)
            return heard.posted

    async def _post(self, delivery: Delivery, channel: str, said: Message) -> Posted:
        key, since = _key(delivery), delivery.created_at
        try:
            if delivery.unsure and (found := await self._gateway.find_posted(channel, key, since=since)):
                return found
            return await self._gateway.post(channel, said, key=key)
        except Rejected as error:
            if why := why_closed(error):
                await note_closed(self._db, self._outbox, channel, why)
            raise

    async def _tell_author(self, delivery: Delivery, incident: Incident, *, heard_by: str | None) -> None:
        """Tell the author where the post went; not the person who got it (`heard_by`), nor the lead of an open
        incident, who is told of the closed room anyway."""
        author = delivery.payload.get("author")
        if author and author != heard_by and not (author == self._listeners.first(incident) and incident.is_open):
            facts = {
                "incident": incident,
                "heard_by": heard_by,
                "is_lead": heard_by == (incident.lead or incident.declared_by),
            }
            words = self._rendering.say("slack/not_in_room", **facts)
            async with self._db.transaction() as conn:
                await self._put(conn, {"person": author}, f"author {delivery.key}", message(words))

    async def _incident(self, incident_id: int) -> Incident:
        async with self._db.statement() as conn:
            return await incidents.get(conn, incident_id)

    async def _channel(self, incident: Incident) -> str:
        if incident.room_lost:
            return await self._elsewhere.without_room(incident)
        async with self._db.statement() as conn:
            early = await not_below_yet(conn, incident)
        if early or incident.room_id is None:
            raise early or no_room_yet(incident.id)
        return incident.room_id
