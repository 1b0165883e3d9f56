"""A post-mortem as a Markdown file in its incident's room."""

from bot.domain.actor import Actor
from bot.domain.errors import NotFound
from bot.domain.incidents.incident import Incident
from bot.services.postmortems.drafts import Drafts
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.room_files import RoomFile, RoomFiles, RoomPosting, must_take_a_file
from bot.store.database import Database
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems


class PostmortemFiles(RoomFiles):
    """Deliveries of kind `postmortem_file`."""

    def __init__(self, db: Database, posting: RoomPosting, deeds: Deeds, drafts: Drafts) -> None:
        super().__init__(db, posting)
        self._deeds = deeds
        self._drafts = drafts

    async def ask(self, actor: Actor, incident_id: int) -> Incident:
        """Have its newest version posted. Raises Refused, NotFound."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, _):
            known = await postmortems.get(conn, incident.id)
            if known is None:
                raise NotFound(f"{incident.ref} has no post-mortem: `/incident postmortem` begins one.")
            must_take_a_file(incident)
            await self.post(conn, incident, actor, known.version)
            return incident

    async def post(self, conn: Connection, incident: Incident, actor: Actor, version: int) -> None:
        """Have this version posted in the room, once however often it is asked for meanwhile."""
        payload: dict[str, object] = {"incident": incident.id, "version": version, "by": actor.name}
        await self._posting.put(conn, "postmortem_file", f"postmortem file {incident.id} {version}", payload)

    async def written(self, delivery: Delivery, incident: Incident) -> RoomFile:
        version = delivery.payload["version"]
        name = f"{incident.ref.lower()}-post-mortem-v{version}.md"
        text = await self._drafts.document(incident.id, version)
        return RoomFile(name, text, f"The post-mortem of {incident.ref}")
