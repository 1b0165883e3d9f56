"""Times recorded by a clock that was ahead: once it is right they are moved to now, and hide nothing that follows."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from bot.store.incidents import incidents
from bot.store.upkeep import timekeeping
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, alert, watched
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

HOUR = timedelta(hours=1)
STORE = Path(timekeeping.__file__).parents[1]
# Tables with a due time that need no correction, and why.
LEFT_ALONE = {
    "cover_requests": "the end of a shift, as somebody has asked for it",
    "status_pages": "its own look finds what is due later than its rhythm",
    "backup_plans": "planned anew by every process that has noticed a step",
    "backup_drill_plans": "planned anew by every process that has noticed a step",
}


async def as_if_an_hour_ahead(database: str, *statements: str) -> None:
    async with await AsyncConnection.connect(database) as conn:
        for one in statements:
            await conn.execute(one.encode())


async def test_an_alert_that_fires_after_an_incident_resolved_by_a_fast_clock_does_not_join_it(
    new_world: NewWorld, database: str
) -> None:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        one, other = alert("DatabaseDown", instance="a"), alert("DatabaseDown", instance="b")
        await monitoring.fires(one)
        await world.ada.types("/incident resolve INC-1 Restarted")
        await world.settled()
        await as_if_an_hour_ahead(
            database,
            "UPDATE incidents SET resolved_at = resolved_at + '1 h', mitigated_at = mitigated_at + '1 h'",
            "UPDATE timeline SET at = at + '1 h' WHERE kind = 'resolved'",
        )
        await world.passes(minutes=1)
        await world.house.timekeeping.put_right(by=-HOUR)
        await world.passes(minutes=1)

        await monitoring.fires(one, other)
        await world.passes(minutes=6)
        assert len(world.pages_of("ada")) == 2, "the one that is new pages somebody"


async def test_a_page_sent_after_a_reopening_by_a_fast_clock_can_be_acknowledged(world: World, database: str) -> None:
    await world.eve.types("/incident declare P1 Payments failing")
    await world.settled()
    await world.eve.types("/incident resolve Rolled back", world.room())
    await world.eve.types("/incident reopen It is back", world.room())
    await world.settled()
    await as_if_an_hour_ahead(
        database,
        "UPDATE timeline SET at = at + '1 h' WHERE kind = 'reopened'",
        "UPDATE incidents SET first_acknowledged_at = now() + '10 years', mitigated_at = now() + '10 years'",
    )
    await world.house.timekeeping.put_right(by=-HOUR)
    await world.passes(minutes=1)
    await world.ada.presses("Acknowledge", world.pages_of("ada")[-1])
    await world.settled()
    assert "Acknowledged" in words_of(world.card())
    async with world.house.db.statement() as conn:
        incident = await incidents.get(conn, 1)
    assert incident.mitigated_at and incident.mitigated_at <= world.clock.now()


@pytest.mark.parametrize("path", sorted(STORE.rglob("*.sql")), ids=lambda path: path.stem)
def test_every_table_with_a_due_time_is_corrected_when_the_clock_is_put_right(path: Path) -> None:
    if "migrations" in path.parts:
        return
    found = re.findall(r"^-- name: next_due\n(.*?)(?=^-- name|\Z)", path.read_text(), re.DOTALL | re.MULTILINE)
    tables = set(re.findall(r"\bFROM (\w+)", " ".join(found)))
    known = set(re.findall(r"\bUPDATE (\w+)", (STORE / "upkeep" / "timekeeping.sql").read_text()))
    assert tables <= known | LEFT_ALONE.keys(), "a row with a due time, and nothing that puts it right"
