"""A card that changes during a failing attempt to send it stays one row of the outbox, which then shows the change."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.store.rooms import cards
from tests.stories.asking import declared
from tests.world import World, words_of

ROWS = "SELECT state, attempts FROM outbox WHERE key = 'card alert:1' ORDER BY id"


async def rows(world: World) -> list[tuple[str, int]]:
    """The card's rows in the outbox, without that of its first post."""
    async with world.house.db.statement() as conn:
        _, *found = await (await conn.execute(ROWS)).fetchall()
    return [(row["state"], row["attempts"]) for row in found]


async def until_a_card_waits(world: World) -> None:
    """Wait until a transaction waits for the lock on all cards. By then its card is painted."""
    waits = "SELECT FROM pg_locks WHERE relation = 'cards'::regclass AND NOT granted"
    async with await psycopg.AsyncConnection.connect(world.house.db.conninfo, autocommit=True) as conn:
        while not await (await conn.execute(waits)).fetchall():
            pass


async def test_a_card_that_changes_during_a_rate_limited_attempt_is_sent_once_in_its_latest_state(
    world: World,
) -> None:
    house, eve = world.house, world.house.people.actor("U0EVE")
    await house.alerts.receive("generic", [ReceivedAlert("Disk full", True, "f1")])
    await world.settled()
    async with house.db.statement() as conn:
        shown = await cards.get(conn, "alert:1")
    assert shown is not None

    def is_this(arguments: dict[str, Any]) -> bool:
        return arguments.get("ts") == shown.ts

    world.workspace.faults.limit("chat.update", retry_after=30, when=is_this)
    async with house.db.transaction() as conn:
        await conn.execute("LOCK TABLE cards")
        await house.alert_responses.acknowledge(eve, 1)
        await until_a_card_waits(world)
        await house.alerts.receive("generic", [ReceivedAlert("Disk full", False, "f1")])
        assert await rows(world) == [("sending", 1), ("waiting", 0)]
    await world.settled()
    assert await rows(world) == [("waiting", 1), ("cancelled", 0)]

    await world.passes(seconds=31)
    assert await rows(world) == [("sent", 2), ("cancelled", 0)]
    [card] = [one for one in world.workspace.messages("#infrastructure-alerts") if one.ts == shown.ts]
    assert "✅" in words_of(card)


@pytest.mark.parametrize("what", ["opened", "lost"])
async def test_opening_or_losing_a_room_locks_no_card_until_its_commit(world: World, what: str) -> None:
    """Otherwise it would deadlock: holding one card and writing another at its commit, against one that writes both."""
    await declared(world)
    rooms, shown = world.house.rooms, world.house.cards
    async with world.house.db.transaction() as conn:
        for card in ("incident:1", "announcement:1"):
            await shown.touch(conn, card, incident=1, later=timedelta(seconds=5))
    async with world.house.db.transaction() as one:
        if what == "opened":
            await rooms.furnish(one, 1, "C0ROOM", "inc-another")
        else:
            await rooms.note_missing(one, 1, "restricted_action", lost=True)
        async with world.house.db.transaction() as other:
            await other.execute("SET LOCAL lock_timeout = '2s'")
            await shown.touch(other, "incident:1")
            await shown.touch(other, "announcement:1")
