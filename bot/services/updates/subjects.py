"""What an update is about: an incident, or planned work, which has no room, no status and no reminders."""

from datetime import datetime

from bot.domain.incidents.incident import Incident
from bot.domain.maintenance.window import Window
from bot.domain.updates.update import Update
from bot.services.rooms.asks import standing
from bot.services.rooms.cards import Cards
from bot.store.incidents import incidents
from bot.store.maintenance import maintenance
from bot.store.pipelined import Connection


async def lock_subject(conn: Connection, update: Update) -> Incident | None:
    """Locked before the update, as every change of it has it. Returns the incident; None: it is planned work."""
    if update.maintenance_id is not None:
        await maintenance.lock(conn, update.maintenance_id)
        return None
    return await incidents.lock(conn, update.of_incident)


async def subject_of(conn: Connection, update: Update) -> Incident | Window:
    if update.maintenance_id is not None:
        return await maintenance.get(conn, update.maintenance_id)
    return await incidents.get(conn, update.of_incident)


def owed_key(incident_id: int) -> str:
    """Of the cards that ask for words which nobody has sent yet."""
    return f"owed:{incident_id}"


def reference_of(update: Update) -> str:
    """As people write it."""
    return f"INC-{update.incident_id}" if update.maintenance_id is None else f"M-{update.maintenance_id}"


async def write(
    conn: Connection, update: Update, kind: str, words: str, *, actor: str, at: datetime, key: str | None = None
) -> None:
    """Into the incident's timeline, or the history of the planned work."""
    if update.maintenance_id is not None:
        await maintenance.write(conn, update.maintenance_id, words, actor=actor, at=at, key=key)
    else:
        await incidents.write(conn, update.of_incident, kind, words, actor=actor, at=at, key=key)


async def show(cards: Cards, conn: Connection, update: Update) -> None:
    """What has become of it: on its own card, where the room was asked for it, and on that of the planned work."""
    await cards.touch(conn, f"update:{update.id}", incident=update.incident_id)
    await show_what_asked(cards, conn, update)


async def show_what_asked(cards: Cards, conn: Connection, update: Update) -> None:
    """For one that has no card of its own: where the room was asked for it, and on the card of the planned work."""
    if update.incident_id is not None:
        for card in await standing(conn, [owed_key(update.incident_id)]):
            await cards.touch(conn, card, incident=update.incident_id)
    if update.maintenance_id is not None:
        await cards.touch(conn, f"maintenance:{update.maintenance_id}")
