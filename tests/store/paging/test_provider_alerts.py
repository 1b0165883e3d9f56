"""Provider alerts: one open at a time, none once acknowledged, and those from before an upgrade are known."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import dict_row

from bot.domain.paging.provider_alert import ProviderAlert
from bot.store.migrations import shipped
from bot.store.paging import pages, provider_alerts
from bot.store.pipelined import Connection
from tests.postgres import SharedPostgres

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
DECLARED = """
    INSERT INTO incidents (title, severity, status, declared_by, declared_at, acknowledged_at, resolved_at)
    VALUES ('Payments failing', 'P1', 'investigating', 'eve', %(noon)s, %(acknowledged)s, %(resolved)s)"""
PAGED = """
    INSERT INTO pages (incident_id, run, loop, step, person, via, contact, due_at, attempts, reference)
    VALUES (%(incident)s, 1, 0, %(step)s, 'ada', 'pagerduty', '', %(noon)s, %(attempts)s, %(reference)s)"""


async def connected(database: str) -> Connection:
    return await Connection.connect(database, autocommit=True, row_factory=dict_row)


async def declare(conn: Connection, acknowledged: Any = None, resolved: Any = None) -> None:
    await conn.execute(DECLARED, {"noon": NOON, "acknowledged": acknowledged, "resolved": resolved})


async def page(conn: Connection, incident: int = 1, *, step: int = 0, **known: Any) -> None:
    values = {"incident": incident, "step": step, "noon": NOON, "attempts": 0, "reference": None, **known}
    await conn.execute(PAGED, values)


async def open_one(conn: Connection, page_id: int, number: int) -> ProviderAlert | None:
    return await provider_alerts.open_one(conn, page_id, number=number, key=f"key-{number}")


async def test_one_of_two_concurrent_pages_opens_the_alert(database: str) -> None:
    async with await connected(database) as one, await connected(database) as other:
        await declare(one)
        await page(one, step=0)
        await page(one, step=1)
        async with one.transaction():
            assert await open_one(one, 1, 1)
            second = asyncio.create_task(open_one(other, 2, 1))
            await until_somebody_waits(one)
        assert await second is None
        assert await open_one(other, 2, 2) is None, "one is open"


async def test_a_page_cancelled_concurrently_opens_no_alert(database: str) -> None:
    async with await connected(database) as one, await connected(database) as other:
        await declare(one)
        await page(one)
        async with one.transaction():
            await pages.cancel_waiting(one, 1, lambda _: None)
            opening = asyncio.create_task(open_one(other, 1, 1))
            await until_somebody_waits(one)
        assert await opening is None
        assert await provider_alerts.of_incident(one, 1, "pagerduty") == []


async def test_an_acknowledgement_finds_an_alert_opened_concurrently(database: str) -> None:
    async with await connected(database) as one, await connected(database) as other:
        await declare(one)
        await page(one)
        async with one.transaction():
            await open_one(one, 1, 1)
            answering = asyncio.create_task(pages.cancel_waiting(other, 1, lambda _: None))
            await until_somebody_waits(one)
        await answering
        assert len(await provider_alerts.of_incident(other, 1, "pagerduty")) == 1


async def until_somebody_waits(conn: Connection) -> None:
    """Returns once somebody waits for a lock this connection's transaction holds."""
    waiting = "SELECT count(*) AS count FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
    while True:
        row = await (await conn.execute(waiting, [conn.info.backend_pid])).fetchone()
        if row and row["count"]:
            return
        await asyncio.sleep(0.01)


async def test_an_upgrade_knows_the_alerts_opened_before_it(postgres: SharedPostgres) -> None:
    conninfo = await postgres.new_database()
    scripts = dict(shipped())
    async with await connected(conninfo) as conn:
        for name in sorted(scripts):
            if name == "0015_provider_alerts":
                await declare(conn)
                await declare(conn, acknowledged=NOON)
                await declare(conn, acknowledged=NOON, resolved=NOON)
                await declare(conn)
                await page(conn, 1, attempts=1)
                await page(conn, 2, attempts=2, reference="tocsin-INC-2.1786190400")
                await page(conn, 3, attempts=1)
                await page(conn, 4, attempts=0)
            await conn.execute(scripts[name].encode())
        found = [await provider_alerts.of_incident(conn, number, "pagerduty") for number in (1, 2, 3, 4)]
    await postgres.drop_database(conninfo)

    assert [[(one.key, one.state) for one in own] for own in found] == [
        [("tocsin-INC-1.1786190400", "open")],
        [("tocsin-INC-2.1786190400", "acknowledged")],
        [("tocsin-INC-3.1786190400", "resolved")],
        [],
    ]
