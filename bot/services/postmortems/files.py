"""A post-mortem as a Markdown file in its incident's room."""

from datetime import datetime, timedelta

from bot.domain.actor import Actor
from bot.domain.errors import NotFound, Refused, Rejected
from bot.domain.incidents.incident import Incident
from bot.services.outbox.kinds import UPDATE, DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.outbox import Outbox
from bot.services.postmortems.drafts import Drafts
from bot.services.rooms.closed import note_closed, why_closed
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.posts import Posts, no_room_yet
from bot.slack.gateway import Gateway
from bot.store.database import Database
from bot.store.incidents import incidents
from bot.store.outbox.outbox import Delivery
from bot.store.pipelined import Connection
from bot.store.postmortems import postmortems

# Two who ask for the same within this time are answered by one file.
SAME_FILE = timedelta(minutes=1)


class PostmortemFiles(DeliveryKind[str]):
    """Deliveries of kind `postmortem_file`. Who may read in the room may read all of it."""

    def __init__(
        self, db: Database, outbox: Outbox, gateway: Gateway, posts: Posts, deeds: Deeds, drafts: Drafts
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._gateway = gateway
        self._posts = posts
        self._deeds = deeds
        self._drafts = drafts

    async def ask(self, actor: Actor, incident_id: int) -> Incident:
        """Have it posted as it is now. Raises Refused."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            known = await postmortems.get(conn, incident.id)
            if known is None:
                raise NotFound(f"{incident.ref} has no post-mortem: `/incident postmortem` begins one.")
            if incident.room_id is None or incident.room_closed:
                raise Refused(
                    f"{incident.ref} has no channel that takes a file. Unarchive it or invite the bot, then try again."
                )
            await self.put(conn, incident, actor, known.version, now)
            return incident

    async def put(self, conn: Connection, incident: Incident, actor: Actor, version: int, now: datetime) -> None:
        payload = {"incident": incident.id, "version": version, "by": actor.name}
        name = f"postmortem file {incident.id} {version}"
        await self._outbox.put(conn, "postmortem_file", payload, priority=UPDATE, key=name, lane=name)

    async def send(self, delivery: Delivery) -> str:
        """The file's id. One of this version that is there already is recognised by its name."""
        version = delivery.payload["version"]
        async with self._db.statement() as conn:
            incident = await incidents.get(conn, delivery.payload["incident"])
        if incident.room_lost or incident.room_closed:
            raise NoLongerWanted("its channel takes no file")
        if incident.room_id is None:
            raise no_room_yet(incident.id)
        name = f"{incident.ref.lower()}-post-mortem-v{version}.md"
        content = await self._drafts.document(incident.id, version)
        try:
            if await self._gateway.has_file(incident.room_id, name, since=delivery.created_at - SAME_FILE):
                raise NoLongerWanted("it is there already")
            alt = f"The post-mortem of {incident.ref}"
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
