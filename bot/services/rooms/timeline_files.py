"""An incident's timeline, posted as a file in its room."""

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.rendering import Rendering
from bot.services.rooms.room_files import RoomFile, RoomFiles, RoomPosting, must_take_a_file
from bot.store import requests
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery


class TimelineFiles(RoomFiles):
    """Deliveries of kind `timeline_file`."""

    def __init__(self, db: Database, clock: Clock, posting: RoomPosting, rendering: Rendering) -> None:
        super().__init__(db, posting)
        self._clock = clock
        self._rendering = rendering

    async def ask(self, actor: Actor, incident_id: int) -> Incident:
        """Have the current timeline posted, once per request and once per double click. Raises Refused."""
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            incident = await incidents.lock(conn, incident_id)
            must_take_a_file(incident)
            count = len(await incidents.timeline(conn, incident.id))
            payload = {"incident": incident.id, "entries": count, "by": actor.name}
            await self._posting.put(conn, "timeline_file", f"timeline file {incident.id}", payload)
            return incident

    async def written(self, delivery: Delivery, incident: Incident) -> RoomFile:
        """The file; its name has the number of entries in it."""
        async with self._db.statement() as conn:
            entries = (await incidents.timeline(conn, incident.id))[: delivery.payload["entries"]]
        text = self._rendering.say("documents/timeline", incident=incident, entries=entries)
        name = f"{incident.ref.lower()}-timeline-{len(entries)}.txt"
        return RoomFile(name, text, f"The timeline of {incident.ref}")
