"""What is due of every round, asked in one statement of all whose rows can tell."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from bot.doors.rounds import Round
from bot.store.database import Database
from bot.store.due_rows import soonest_of_each


class Overview:
    """To have three dozen rounds look for themselves takes as many transactions, and mostly nothing is due.

    `bell`: rung when all of them are to be looked over. `others`: those that only know it by looking. `unseen`: those
    that have not looked yet; some have nothing due before they have planned it at their first look.
    """

    def __init__(self, db: Database, rounds: Mapping[str, Round]) -> None:
        self._db = db
        self._asked = {name: rows for name, one in rounds.items() if (rows := one.due_rows)}
        self.others = [name for name in rounds if name not in self._asked]
        self.unseen = set(rounds)
        self.bell = asyncio.Event()

    async def dues(self) -> dict[str, datetime | None]:
        """When the next row of each is due; None = none is. Of `others` nothing. Raises Failed."""
        async with self._db.statement() as conn:
            return await soonest_of_each(conn, self._asked)
