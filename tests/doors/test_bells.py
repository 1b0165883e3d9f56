"""A table's bell wakes only the round that looks at that table."""

from psycopg import AsyncConnection

from bot.doors.bells import BELLS
from tests.world import World


async def test_every_table_with_a_bell_wakes_one_round(world: World, database: str) -> None:
    async with await AsyncConnection.connect(database) as conn:
        found = await conn.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'ring_the_bell'::regproc"
        )
        ringing = {table for (table,) in await found.fetchall()}

    assert ringing == set(BELLS)
    assert set(BELLS.values()) <= set(world.app.rounds)
