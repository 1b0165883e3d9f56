"""Everything about an incident, posted as a Markdown file in its room."""

import asyncio

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.incidents.incident import Incident
from bot.services.records.documents import Documents
from bot.services.records.gathering import Records
from bot.services.rooms.room_files import RoomFile, RoomFiles, RoomPosting, must_take_a_file
from bot.store import requests
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery


class ExportFiles(RoomFiles):
    """Deliveries of kind `export_file`."""

    def __init__(
        self, db: Database, clock: Clock, posting: RoomPosting, records: Records, documents: Documents
    ) -> None:
        super().__init__(db, posting)
        self._clock = clock
        self._records = records
        self._documents = documents

    async def ask(self, actor: Actor, incident_id: int) -> Incident:
        """Have the file posted, once per request and once per double click. Raises Refused."""
        async with self._db.transaction() as conn:
            await requests.once(conn, actor, self._clock.now())
            incident = await incidents.lock(conn, incident_id)
            must_take_a_file(incident)
            payload = {"incident": incident.id, "by": actor.name}
            await self._posting.put(conn, "export_file", f"export file {incident.id}", payload)
            return incident

    async def written(self, delivery: Delivery, incident: Incident) -> RoomFile:
        """The file; its name has the number of timeline entries."""
        record = await self._records.of(incident.id)
        name = f"{incident.ref.lower()}-export-{len(record.timeline)}.md"
        # In a thread: five thousand entries take half a second, and pages must not wait for it.
        text = await asyncio.to_thread(self._documents.markdown, record)
        return RoomFile(name, text, f"Everything about {incident.ref}")
