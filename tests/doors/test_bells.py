"""A table that rings wakes the round which looks at it, and not every round there is."""

from psycopg import AsyncConnection

from bot.doors.bells import BELLS
from tests.world import World


async def test_every_table_that_rings_wakes_one_round(world: World, database: str) -> None:
    async with await AsyncConnection.connect(database) as conn:
        found = await conn.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'ring_the_bell'::regproc"
        )
        ringing = {table for (table,) in await found.fetchall()}

    assert ringing == set(BELLS)
    assert set(BELLS.values()) <= set(world.app.rounds)
