"""Cards: messages edited in place, one per incident, announcement, page or alert, always showing the current state."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bot.clock import Clock
from bot.domain.errors import Rejected
from bot.domain.incidents.incident import Incident
from bot.services.outbox.kinds import ALERT_CARD, CARD, DeliveryKind, NoLongerWanted, NotYet, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.closed import note_closed, note_open, why_closed
from bot.services.rooms.elsewhere import Elsewhere
from bot.services.rooms.in_doubt import edit_again, look_at_all, look_for_others
from bot.slack.blocks import Message
from bot.slack.gateway import Gateway, Posted
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.rooms import cards
from bot.store.rooms.cards import Card

# Providers usually answer within this.
A_MOMENT = timedelta(milliseconds=500)


@dataclass(frozen=True)
class Painted:
    """What a card shows, and where it is first posted; `channel` None: nowhere yet, `missing` says why.

    `room_of`: the channel is this incident's room; if it is closed, the card is posted elsewhere."""

    channel: str | None
    message: Message
    missing: NotYet | None = None
    room_of: Incident | None = None


# Gets the key's part after the colon; returns None when there is nothing left to show.
Painter = Callable[[Connection, str], Awaitable[Painted | None]]
# Called in the transaction that records the first posting.
Placed = Callable[[Connection, str, Posted], Awaitable[None]]


@dataclass(frozen=True)
class Shown:
    """A card in Slack, after sending. `is_new`: posted, not edited."""

    posted: Posted
    digest: str
    is_new: bool

    def __str__(self) -> str:
        return str(self.posted)


class Cards(DeliveryKind[Shown]):
    """Posts each card once and edits it from then on. Touching a waiting card repeatedly causes one edit."""

    stands_in_line = True

    def __init__(self, db: Database, clock: Clock, outbox: Outbox, gateway: Gateway, elsewhere: Elsewhere) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._gateway = gateway
        self._elsewhere = elsewhere
        self._painters: dict[str, Painter] = {}
        self._placed: dict[str, Placed] = {}

    def painted_by(self, prefix: str, painter: Painter, placed: Placed | None = None) -> None:
        """Register the painter of cards whose key begins with `prefix:`."""
        self._painters[prefix] = painter
        if placed:
            self._placed[prefix] = placed

    async def touch(
        self,
        conn: Connection,
        key: str,
        *,
        incident: int | None = None,
        soon: bool = False,
        later: timedelta | None = None,
    ) -> None:
        """What this card shows has changed. `incident`: the card belongs in this one's room, and waits for it.

        `soon`: wait a moment, as more is about to change and one edit can show it all. `later`: a delay nobody minds.
        """
        payload = {"card": key} | ({"incident": incident} if incident else {})
        wait = later or (A_MOMENT if soon else None)
        due_at = self._clock.now() + wait if wait else None
        name = f"card {key}"
        priority = ALERT_CARD if key.startswith("alert:") else CARD
        await self._outbox.put(conn, "card", payload, priority=priority, key=name, lane=name, due_at=due_at)

    async def show_again(self, conn: Connection, key: str, *, incident: int | None = None) -> None:
        """`touch`, but edit even if the card already shows the current state."""
        await cards.forget_shown(conn, key)
        await self.touch(conn, key, incident=incident)

    async def send(self, delivery: Delivery) -> Shown:
        key = delivery.payload["card"]
        prefix, _, subject = key.partition(":")
        async with self._db.statement() as conn:
            painted = await self._painters[prefix](conn, subject)
            standing = await cards.get(conn, key)
        if painted is None:
            raise NoLongerWanted("there is nothing to show any more")
        if standing is None:
            posted = await self._post(delivery, painted)
        elif self._shows(standing, painted) and not delivery.unsure:
            raise NoLongerWanted()
        else:
            posted = await self._edit(delivery, key, standing, painted)
        return Shown(posted, _digest(self._as_in(posted.channel, painted)), is_new=standing is None)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[Shown]) -> None:
        shown = outcome.returned
        if outcome.state != "sent" or shown is None:
            if outcome.state != "waiting" and delivery.unsure:
                await self._look_for_strays(conn, delivery)
            return
        key = delivery.payload["card"]
        await cards.save(conn, key, Card(shown.posted.channel, shown.posted.ts, shown.digest))
        # Only a post proves that the channel is open: the bot may still edit its messages in a channel it was removed
        # from.
        if shown.is_new:
            await note_open(conn, self._outbox, shown.posted.channel)
            await look_for_others(conn, self._outbox, delivery, shown.posted, _once(delivery))
        else:
            await edit_again(conn, self._outbox, delivery)
        prefix, _, subject = key.partition(":")
        if shown.is_new and prefix in self._placed:
            await self._placed[prefix](conn, subject, shown.posted)

    async def _look_for_strays(self, conn: Connection, delivery: Delivery) -> None:
        """Dropped or refused, with an attempt in doubt: take back a message that still appears, as nobody would edit
        it."""
        if "incident" not in delivery.payload:
            return
        room_id = (await incidents.get(conn, delivery.payload["incident"])).room_id
        standing = await cards.get(conn, delivery.payload["card"])
        if room_id:
            stands = Posted(room_id, standing.ts if standing else "")
            await look_at_all(conn, self._outbox, delivery, stands, _once(delivery))

    def _shows(self, standing: Card, painted: Painted) -> bool:
        is_where_it_should_be = painted.channel in (None, standing.channel)
        return is_where_it_should_be and standing.digest == _digest(self._as_in(standing.channel, painted))

    def _as_in(self, channel: str, painted: Painted) -> Message:
        """The message as shown in this channel: outside of its room it names the room."""
        room_of = painted.room_of
        is_elsewhere = room_of is not None and channel != room_of.room_id
        return self._elsewhere.headed(room_of, painted.message) if room_of and is_elsewhere else painted.message

    async def _post(self, delivery: Delivery, painted: Painted) -> Posted:
        room_of, channel, post = painted.room_of, painted.channel, partial(self._post_in, delivery)
        if channel is None and room_of and room_of.room_lost:
            channel = await self._elsewhere.without_room(room_of)
            return await post(channel, self._as_in(channel, painted))
        if channel is None:
            raise painted.missing or NotYet("its channel is not there yet")
        try:
            return await post(channel, painted.message)
        except Rejected as error:
            if room_of is None or (why := why_closed(error)) is None:
                raise
            closed = replace(room_of, room_closed=why)
            return (await self._elsewhere.post(delivery, closed, channel, painted.message, post)).posted

    async def _post_in(self, delivery: Delivery, channel: str, said: Message) -> Posted:
        once, since = _once(delivery), delivery.created_at
        try:
            if delivery.unsure and (found := await self._gateway.find_posted(channel, once, since=since)):
                await self._gateway.update(found, said, key=once)
                return found
            return await self._gateway.post(channel, said, key=once)
        except Rejected as error:
            if why := why_closed(error):
                await note_closed(self._db, self._outbox, channel, why, card=delivery.payload["card"])
            raise

    async def _edit(self, delivery: Delivery, key: str, standing: Card, painted: Painted) -> Posted:
        posted = Posted(standing.channel, standing.ts)
        try:
            await self._gateway.update(posted, self._as_in(posted.channel, painted), key=key)
        except Rejected as error:
            if why := why_closed(error):
                await note_closed(self._db, self._outbox, posted.channel, why)
            is_gone = error.code == "message_not_found" or (why and painted.channel != posted.channel)
            if painted.channel is None or not is_gone:
                raise
            # The message was deleted, or its channel has changed: post it again, because the card is needed.
            return await self._post(delivery, painted)
        return posted


def _once(delivery: Delivery) -> str:
    """The key by which a card posted by this delivery is found again."""
    return f"{delivery.payload['card']}.{delivery.key}"


def _digest(message: Message) -> str:
    shown = json.dumps([message.text, list(message.blocks)], sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()[:16]
