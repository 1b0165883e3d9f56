"""The whole timeline of an incident, posted as a file in its room."""

from datetime import timedelta

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Refused, Rejected
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.rooms.closed import note_closed, why_closed
from bot.services.rooms.posts import Posts
from bot.slack.gateway import Gateway
from bot.store import requests
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection

# Two who ask for the same within this time are answered by one file.
SAME_FILE = timedelta(minutes=1)


class TimelineFiles(DeliveryKind[str]):
    """Deliveries of kind `timeline_file`. Who may read in the room may read all of it."""

    def __init__(
        self, db: Database, clock: Clock, outbox: Outbox, gateway: Gateway, posts: Posts, rendering: Rendering
    ) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._gateway = gateway
        self._posts = posts
        self._rendering = rendering

    async def ask(self, actor: Actor, incident_id: int) -> Incident:
        """Have it posted, as it is now: once for a request, and once for a double click. Raises Refused."""
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            incident = await incidents.lock(conn, incident_id)
            if incident.room_id is None:
                raise Refused(f"{incident.ref} has no channel to post a file in.")
            if incident.room_closed:
                raise Refused(
                    f"#{incident.room_name} takes no messages, so no file can be posted there. "
                    "Unarchive it or invite the bot, then try again."
                )
            count = len(await incidents.timeline(conn, incident.id))
            payload = {"incident": incident.id, "entries": count, "by": actor.name}
            name = f"timeline file {incident.id}"
            await self._outbox.put(conn, "timeline_file", payload, priority=UPDATE, key=name, lane=name)
            return incident

    async def send(self, delivery: Delivery) -> str:
        """The file's id. Its name says up to which entry it goes, so one that is there already is recognised."""
        async with self._db.transaction() as conn:
            incident = await incidents.get(conn, delivery.payload["incident"])
            entries = (await incidents.timeline(conn, incident.id))[: delivery.payload["entries"]]
        if incident.room_id is None:
            raise NoLongerWanted
        name = f"{incident.ref.lower()}-timeline-{len(entries)}.txt"
        content = self._rendering.say("documents/timeline", incident=incident, entries=entries)
        alt = f"The timeline of {incident.ref}"
        try:
            if await self._gateway.has_file(incident.room_id, name, since=delivery.created_at - SAME_FILE):
                raise NoLongerWanted("it is there already")
            return await self._gateway.upload(name, content.encode(), alt=alt, channel=incident.room_id)
        except Rejected as error:
            if why := why_closed(error):
                await note_closed(self._db, self._outbox, incident.room_id, why)
            raise

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[str]) -> None:
        """Who asked hears that there will be none."""
        if outcome.state in ("refused", "gave_up"):
            incident = await incidents.get(conn, delivery.payload["incident"])
            facts = {"incident": incident, "reason": outcome.error}
            await self._posts.to_person(conn, delivery.payload["by"], "not_filed", **facts)
