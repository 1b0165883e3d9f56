"""What an update is about: an incident, or planned work, which has no room, status or reminders."""

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
    """Lock it before the update, as every change of it does. Returns the incident; None for planned work."""
    if update.maintenance_id is not None:
        await maintenance.lock(conn, update.maintenance_id)
        return None
    return await incidents.lock(conn, update.of_incident)


async def subject_of(conn: Connection, update: Update) -> Incident | Window:
    if update.maintenance_id is not None:
        return await maintenance.get(conn, update.maintenance_id)
    return await incidents.get(conn, update.of_incident)


def owed_key(incident_id: int) -> str:
    """The key of cards asking for words that nobody has sent yet."""
    return f"owed:{incident_id}"


def reference_of(update: Update) -> str:
    """The reference as people write it."""
    return f"INC-{update.incident_id}" if update.maintenance_id is None else f"M-{update.maintenance_id}"


async def write(
    conn: Connection, update: Update, kind: str, words: str, *, actor: str, at: datetime, key: str | None = None
) -> None:
    """Write to the incident's timeline, or the planned work's history."""
    if update.maintenance_id is not None:
        await maintenance.write(conn, update.maintenance_id, words, actor=actor, at=at, key=key)
    else:
        await incidents.write(conn, update.of_incident, kind, words, actor=actor, at=at, key=key)


async def show(cards: Cards, conn: Connection, update: Update) -> None:
    """Repaint its own card, the cards that asked for it, and that of the planned work."""
    await cards.touch(conn, f"update:{update.id}", incident=update.incident_id)
    await show_what_asked(cards, conn, update)


async def show_what_asked(cards: Cards, conn: Connection, update: Update) -> None:
    """Repaint the cards that asked for it, and that of the planned work."""
    if update.incident_id is not None:
        for card in await standing(conn, [owed_key(update.incident_id)]):
            await cards.touch(conn, card, incident=update.incident_id)
    if update.maintenance_id is not None:
        await cards.touch(conn, f"maintenance:{update.maintenance_id}")
