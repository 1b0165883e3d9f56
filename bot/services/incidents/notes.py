"""What people write down while they work: notes, updates, and what users notice."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.domain.actor import Actor
from bot.domain.errors import Refused
from bot.domain.incidents.incident import Incident, must_be_open, must_be_promised_soon
from bot.runbook import spoken_duration
from bot.services.rooms.deeds import Deeds
from bot.services.rooms.posts import Posts
from bot.services.rooms.rooms import Rooms
from bot.store.incidents import incidents


class Notes:
    """Writes into an incident's timeline; updates are posted as well."""

    def __init__(self, deeds: Deeds, rooms: Rooms, posts: Posts) -> None:
        self._deeds = deeds
        self._rooms = rooms
        self._posts = posts

    async def note(
        self, actor: Actor, incident_id: int, text: str, *, at: datetime | None = None, author: str | None = None,
        key: str | None = None,
    ) -> bool:  # fmt: skip
        """Add a note; `at` and `author` default to now and the actor. False if `key` has been noted before."""
        if not text.strip():
            raise Refused("A note needs a text: `/incident note <text>`.")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            return await incidents.write_once(
                conn, incident.id, "note", text.strip(), actor=author or actor.name, at=at or now, key=key
            )

    async def update(
        self, actor: Actor, incident_id: int, text: str, facts: Mapping[str, str] | None = None
    ) -> Incident:
        """Post what has changed in the room; `facts` (conditions, actions, needs, next_update) are for audiences.

        The next update is due counting from when this one was asked for, however late it is carried out; none if not
        given.
        """
        if not text.strip():
            raise Refused("An update needs a text: `/incident update <what changed>`.")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            must_be_open(incident, "post an update")
            next_at = _promised((facts or {}).get("next_update"), actor.asked_at or now)
            kept = {name: value for name, value in (facts or {}).items() if value} | {"update": text.strip()}
            kept["next_update"] = next_at.isoformat() if next_at else ""
            await incidents.set_facts(conn, incident.id, kept, now)
            await incidents.write(conn, incident.id, "update", text.strip(), actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            said = {"text": text.strip(), "facts": kept, "next_at": next_at, "is_late": next_at and next_at <= now}
            await self._posts.in_room(conn, incident, "update", actor=actor.name, **said)
            await self._deeds.show(conn, changed, "updated")
        return changed

    async def set_impact(
        self, actor: Actor, incident_id: int, text: str, facts: Mapping[str, str] | None = None
    ) -> Incident:
        """Set what users notice. `facts`: `affected_count`, `affected_since`, and `affects` (such as payments); ''
        clears one."""
        if not text.strip():
            raise Refused("Say what users notice: `/incident impact <text>`.")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            await incidents.set_impact(conn, incident.id, text.strip(), facts or {})
            words = ", ".join([text.strip(), *(value for value in (facts or {}).values() if value)])
            await incidents.write(conn, incident.id, "update", f"impact: {words}", actor=actor.name, at=now)
            changed = await incidents.get(conn, incident.id)
            await self._deeds.show(conn, changed, "impact")
        return changed


def _promised(span: str | None, said_at: datetime) -> datetime | None:
    """When the next update is due; None: not stated. Raises Refused for an invalid or too long duration."""
    after = spoken_duration(span) if span else None
    must_be_promised_soon(after or timedelta(0))
    return said_at + after if after else None
