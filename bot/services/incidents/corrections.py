"""Corrects timeline entries afterwards; the original stays, and is in the export."""

from dataclasses import replace
from datetime import datetime

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, Refused
from bot.services.rooms.deeds import Deeds
from bot.store.incidents import entries
from bot.store.incidents.entries import KeptEntry
from bot.store.pipelined import Connection

# Kinds written by people. Tocsin witnessed the rest, so their times stand.
WRITTEN = ("note", "update")


class Corrections:
    """Each correction is one deed, once per request."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds

    async def move(self, actor: Actor, incident_id: int, entry_id: int, at: datetime, why: str = "") -> None:
        """Change an entry's time. Raises Refused, also for entries that Tocsin witnessed."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            entry = await _get(conn, incident.id, entry_id)
            if entry.kind not in WRITTEN:
                raise Refused(
                    "Only notes and updates can be moved: Tocsin saw the rest happen. `/incident times` corrects when "
                    "it started, was detected and mitigated."
                )
            if at > now:
                raise Refused("That time is in the future. Type when it was.")
            if at == entry.at:
                raise AlreadyDone("The entry has this time already.")
            await entries.change(conn, replace(entry, at=at), "time", actor=actor.name, why=why.strip(), now=now)

    async def hide(self, actor: Actor, incident_id: int, entry_id: int, why: str) -> None:
        """Hide an entry from everything but the export, which shows the reason. Raises Refused without a reason."""
        if not why.strip():
            raise Refused("Say why the entry is hidden: the export shows the reason.")
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            entry = await _get(conn, incident.id, entry_id)
            if entry.hidden_at:
                raise AlreadyDone("The entry is hidden already.")
            gone = replace(entry, hidden_at=now)
            await entries.change(conn, gone, "hidden", actor=actor.name, why=why.strip(), now=now)

    async def edited(self, actor: Actor, incident_id: int, key: str, text: str) -> None:
        """Follow an edit of the message behind an entry; does nothing if no entry has this key."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            entry = await entries.of_key(conn, incident.id, key)
            if entry and entry.text != text.strip() and text.strip():
                changed = replace(entry, text=text.strip())
                await entries.change(conn, changed, "text", actor=entry.actor, why="the message was edited", now=now)

    async def deleted(self, actor: Actor, incident_id: int, key: str) -> None:
        """Hide the entry of a deleted message; does nothing if no entry has this key."""
        async with self._deeds.on(actor, incident_id) as (conn, incident, now):
            entry = await entries.of_key(conn, incident.id, key)
            if entry and not entry.hidden_at:
                gone = replace(entry, hidden_at=now)
                await entries.change(conn, gone, "hidden", actor=actor.name, why="the message was deleted", now=now)


async def _get(conn: Connection, incident_id: int, entry_id: int) -> KeptEntry:
    entry = await entries.get(conn, incident_id, entry_id)
    if entry is None:
        raise NotFound("This entry isn't in the timeline of this incident.")
    return entry
