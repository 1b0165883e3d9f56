"""What people write down while they work: notes, updates, and what users notice."""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident, must_be_open
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store.incidents import incidents


class Notes:
    """Writes into an incident's timeline; an update is told besides."""

    def __init__(self, deeds: Deeds, rooms: Rooms, posts: Posts) -> None:
        self._deeds = deeds
        self._rooms = rooms
        self._posts = posts

    async def note(
        self, actor: Actor, incident_id: int, text: str, *, at: datetime | None = None, author: str | None = None,
        key: str | None = None,
    ) -> bool:  # fmt: skip
        """Add to the timeline; `at` and `author` keep a message's own. False when `key` has been noted before."""
        if not text.strip():
            raise Refused("A note needs a text: `/incident note <text>`.")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            return await incidents.write_once(
                conn, incident.id, "note", text.strip(), actor=author or actor.name, at=at or now, key=key
            )

    async def update(
        self, actor: Actor, incident_id: int, text: str, facts: Mapping[str, str] | None = None
    ) -> Incident:
        """What has changed, told in the room; `facts` (conditions, actions, needs, next_update) go to audiences."""
        if not text.strip():
            raise Refused("An update needs a text: `/incident update <what changed>`.")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "post an update")
            kept = {name: value for name, value in (facts or {}).items() if value} | {"update": text.strip()}
            await incidents.set_facts(conn, incident.id, kept, now)
            await incidents.write(conn, incident.id, "update", text.strip(), actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            await self._posts.in_room(conn, incident, "update", actor=actor.name, text=text.strip(), facts=kept)
            await self._deeds.show(conn, changed, "updated")
        return changed

    async def set_impact(self, actor: Actor, incident_id: int, text: str) -> Incident:
        if not text.strip():
            raise Refused("Say what users notice: `/incident impact <text>`.")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            await incidents.set_impact(conn, incident.id, text.strip())
            await incidents.write(conn, incident.id, "update", f"impact: {text.strip()}", actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            await self._deeds.show(conn, changed, "impact")
        return changed
