"""The incident's own channel: opened, named, furnished, and kept in step with the incident."""

import asyncio
from collections.abc import Sequence

from bot.clock import Clock
from bot.domain.errors import Failed, Rejected
from bot.domain.incidents.incident import Incident, numbered, room_name
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.outbox.kinds import CARD, ROOM, DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.people.people import People
from bot.services.rooms.cards import Cards
from bot.services.rooms.channels import Channels
from bot.services.rooms.posts import Posts, never_a_room, no_room_yet
from bot.slack.blocks import clip, message
from bot.slack.gateway import Gateway, Posted, Room
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.paging import pages
from bot.store.pipelined import Connection

# After these the incident's own number makes the name unique.
NAMES_TRIED = 20
# Slack's limit for a topic.
TOPIC_LENGTH = 250


class Rooms(DeliveryKind):
    """Deliveries of kind `room`, `invite`, `topic` and `pin`. A room that cannot be opened stops nothing else."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        runbook: Runbook,
        people: People,
        channels: Channels,
        outbox: Outbox,
        cards: Cards,
        posts: Posts,
        gateway: Gateway,
        rendering: Rendering,
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._channels = channels
        self._outbox = outbox
        self._cards = cards
        self._posts = posts
        self._gateway = gateway
        self._rendering = rendering
        # Who declared here waits a moment for the room, to be shown the way.
        self._awaited: dict[int, asyncio.Future[str]] = {}
        self._kinds = {"room": self._open, "invite": self._invite, "topic": self._set_topic, "pin": self._pin}
        for kind in self._kinds:
            outbox.carries(kind, self)

    async def open(self, conn: Connection, incident: Incident) -> None:
        """Have the room opened and the incident announced; in the transaction that declares it."""
        # Of two incidents called the same, the second finds the room of the first written down, and leaves it alone.
        lane = f"room {self._name(incident)}"
        await self._outbox.put(conn, "room", {"incident": incident.id}, priority=ROOM, lane=lane)
        if not incident.private:
            await self._cards.touch(conn, f"announcement:{incident.id}")

    async def invite(self, conn: Connection, incident: Incident, people: Sequence[str]) -> None:
        """Bring people in, as soon as the room is there."""
        await self._outbox.put(conn, "invite", {"incident": incident.id, "people": list(people)}, priority=ROOM)

    async def show(self, conn: Connection, incident: Incident) -> None:
        """Card, announcement, pages and topic show how the incident stands."""
        await self._cards.touch(conn, f"incident:{incident.id}", incident=incident.id)
        if not incident.private:
            await self._cards.touch(conn, f"announcement:{incident.id}")
        for page in await pages.of_incident(conn, incident.id):
            if page.via == "slack" and page.is_accepted:
                await self._cards.touch(conn, f"page:{page.id}")
        topic = f"topic {incident.id}"
        await self._outbox.put(conn, "topic", {"incident": incident.id}, priority=CARD, key=topic, lane=topic)

    async def repaint(self, conn: Connection, cards: Sequence[str]) -> None:
        """These cards show what is true now, by their keys; one that does already is not edited."""
        for key in cards:
            await self._cards.touch(conn, key)

    async def tell_public(self, conn: Connection, incident: Incident) -> None:
        """Everybody learns that an incident users noticed is over, or that it is not over after all."""
        severity = self._runbook.severity_as_declared(incident.severity)
        if incident.drill or incident.private or not severity.user_facing or not self._runbook.channels.public:
            return
        if channel := await self._channels.find(conn, self._runbook.channels.public):
            words = self._rendering.say(
                f"slack/public_{'reopened' if incident.is_open else 'resolved'}", incident=incident
            )
            await self._posts.in_channel(conn, channel, message(words))

    async def opened(self, incident_id: int, within_s: float) -> str | None:
        """The id of its room, for whoever can wait so long for it; None when another process opens it, or later."""
        waiting = self._awaited.setdefault(incident_id, asyncio.get_running_loop().create_future())
        try:
            async with self._db.statement() as conn:
                known = (await incidents.get(conn, incident_id)).room_id
            return known or await asyncio.wait_for(asyncio.shield(waiting), within_s)
        except TimeoutError:
            return None
        finally:
            self._awaited.pop(incident_id, None)

    async def begin(self, conn: Connection, incident_id: int, card: Posted) -> None:
        """The card stands in the room, and is pinned; what has waited to be said there stands below it."""
        # What finds no card at this moment either sees it when it writes down that it waits, or is woken.
        await incidents.lock(conn, incident_id)
        await self._outbox.put(conn, "pin", {"channel": card.channel, "ts": card.ts}, priority=CARD)
        await self._outbox.wake(conn, ["post", "card"], {"incident": incident_id})

    async def send(self, delivery: Delivery) -> str | None:
        return await self._kinds[delivery.kind](delivery)

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome) -> None:
        if delivery.kind == "topic" and outcome.reference:
            await incidents.set_room_topic(conn, delivery.payload["incident"], outcome.reference)
        if delivery.kind != "room":
            return
        incident_id = delivery.payload["incident"]
        if outcome.state == "sent" and outcome.reference:
            await self._furnish(conn, incident_id, *outcome.reference.split(" ", 1))
        elif outcome.error:
            lost = outcome.state in ("refused", "gave_up")
            await incidents.set_room_error(conn, incident_id, outcome.error, lost=lost)
            await self._cards.touch(conn, f"announcement:{incident_id}")
            if lost:
                await self._outbox.wake(conn, ["post", "invite", "card"], {"incident": incident_id})

    async def _furnish(self, conn: Connection, incident_id: int, room_id: str, name: str) -> None:
        """The room is there: everything else in it happens side by side."""
        await incidents.set_room(conn, incident_id, room_id, name, self._clock.now())
        if (waiting := self._awaited.get(incident_id)) and not waiting.done():
            waiting.set_result(room_id)
        incident = await incidents.get(conn, incident_id)
        paged = [page.person for page in await pages.of_incident(conn, incident_id)]
        await self.invite(conn, incident, list(dict.fromkeys([incident.declared_by, *incident.roles.values(), *paged])))
        await self.show(conn, incident)
        await self._outbox.wake(conn, ["invite"], {"incident": incident_id})
        # Its own card first; `begin` wakes whatever else has waited.
        await self._outbox.wake(conn, ["card"], {"card": f"incident:{incident_id}"})

    async def _open(self, delivery: Delivery) -> str:
        incident = await self._incident(delivery)
        if incident.room_id:
            raise NoLongerWanted
        name = self._name(incident)
        numbers = [numbered(name, number) for number in range(2, NAMES_TRIED + 1)]
        for wanted in [name, *numbers, numbered(name, incident.ref.lower())]:
            try:
                room: Room | None = await self._gateway.open_room(wanted, private=incident.private)
            except Rejected as error:
                if error.code != "name_taken":
                    raise
                room = await self._half_made(incident, wanted) if delivery.unsure else None
            if room:
                return f"{room.id} {room.name}"
        raise Rejected(f"{NAMES_TRIED} channels are called {name} already, and one with {incident.ref} at its end")

    def _name(self, incident: Incident) -> str:
        return room_name(incident, self._runbook.channels.prefix, self._runbook.timezone)

    async def _half_made(self, incident: Incident, name: str) -> Room | None:
        """The channel that an earlier attempt made although we never heard the answer: ours, and nobody's room."""
        room = (await self._gateway.find_channels()).get(name)
        if room is None or not await self._gateway.was_made_by_us(room.id, since=incident.declared_at):
            return None
        async with self._db.transaction() as conn:
            taken = await incidents.of_room(conn, room.id)
        return None if taken else room

    async def _invite(self, delivery: Delivery) -> None:
        incident = await self._incident(delivery)
        if incident.room_id is None:
            raise _no_room(incident)
        accounts = [await self._account(name) for name in delivery.payload["people"]]
        wanted = [account for account in accounts if account]
        if not wanted:
            raise NoLongerWanted
        await self._gateway.invite(incident.room_id, wanted)

    async def _account(self, name: str) -> str | None:
        try:
            return self._people.known_account(name) or await self._people.account(name)
        except Failed:
            return None

    async def _set_topic(self, delivery: Delivery) -> str:
        incident = await self._incident(delivery)
        if incident.room_id is None:
            raise _no_room(incident)
        topic = clip(self._rendering.say("slack/topic", incident=incident), TOPIC_LENGTH)
        # Slack posts a line for every topic that is set, also for the same one.
        if topic == incident.room_topic:
            raise NoLongerWanted
        await self._gateway.set_topic(incident.room_id, topic)
        return topic

    async def _pin(self, delivery: Delivery) -> None:
        await self._gateway.pin(Posted(delivery.payload["channel"], delivery.payload["ts"]))

    async def _incident(self, delivery: Delivery) -> Incident:
        async with self._db.statement() as conn:
            return await incidents.get(conn, delivery.payload["incident"])


def _no_room(incident: Incident) -> Exception:
    return never_a_room(incident) if incident.room_lost else no_room_yet(incident.id)
