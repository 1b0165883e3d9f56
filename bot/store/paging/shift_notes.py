"""Notes from one person on call to the next, kept until a message with them was sent."""

from dataclasses import dataclass

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class ShiftNote:
    note_by: str
    note: str


async def leave(conn: Connection, schedule: str, *, note: str, by: str) -> None:
    """Leave a note, replacing the person's earlier one. The schedule must be watched."""
    await SQL.run(conn, "leave", schedule=schedule, note=note, by=by)


async def carry(conn: Connection, schedule: str, *, to: str, delivery: int) -> list[ShiftNote]:
    """Assign all notes but the recipient's own to this delivery, away from any other; oldest first."""
    return [ShiftNote(**row) for row in await SQL.all(conn, "carry", schedule=schedule, to=to, delivery=delivery)]


async def forget_carried(conn: Connection, delivery: int) -> None:
    """Delete the notes that this delivery carried: it was sent."""
    await SQL.run(conn, "forget_carried", delivery=delivery)
