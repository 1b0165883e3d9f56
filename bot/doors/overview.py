"""What is due in every round, asked in one statement for all rounds whose rows can tell."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from bot.doors.rounds import Round
from bot.store.database import Database
from bot.store.due_rows import soonest_of_each


class Overview:
    """Letting three dozen rounds look for themselves takes as many transactions, mostly for nothing.

    `bell`: ring it to have all of them looked over. `others`: rounds that know only by looking. `unseen`: rounds that
    have not looked yet; some have nothing due before their first look has planned it.
    """

    def __init__(self, db: Database, rounds: Mapping[str, Round]) -> None:
        self._db = db
        self._asked = {name: rows for name, one in rounds.items() if (rows := one.due_rows)}
        self.others = [name for name in rounds if name not in self._asked]
        self.unseen = set(rounds)
        self.bell = asyncio.Event()

    async def dues(self) -> dict[str, datetime | None]:
        """When the next row of each is due; None = none is. Leaves out `others`. Raises Failed."""
        async with self._db.statement() as conn:
            return await soonest_of_each(conn, self._asked)
