"""The notes of whoever had a schedule for whoever has it next, kept until a message that carries them was sent."""

from dataclasses import dataclass

from bot.store.pipelined import Connection
from bot.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True)
class ShiftNote:
    note_by: str
    note: str


async def leave(conn: Connection, schedule: str, *, note: str, by: str) -> None:
    """A newer one of the same person takes its place. The schedule must be watched."""
    await SQL.run(conn, "leave", schedule=schedule, note=note, by=by)


async def carry(conn: Connection, schedule: str, *, to: str, delivery: int) -> list[ShiftNote]:
    """All but the own ones of whoever gets this delivery, the oldest first; another delivery carries them no more."""
    return [ShiftNote(**row) for row in await SQL.all(conn, "carry", schedule=schedule, to=to, delivery=delivery)]


async def forget_carried(conn: Connection, delivery: int) -> None:
    """It was sent."""
    await SQL.run(conn, "forget_carried", delivery=delivery)
