"""Which process may run a check, shown with concurrent transactions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.checks.check import Belief, ProbeResult
from bot.store.checks import checks
from bot.store.database import Database

NOON = datetime(2026, 8, 8, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASES = {"website": MINUTE, "orders": 2 * MINUTE}
ILL = ProbeResult("down", "503", timedelta(milliseconds=12), "HTTP 503, expected 200")
WELL = ProbeResult("healthy", "200", timedelta(milliseconds=12))


@pytest.fixture
async def db(database: str) -> AsyncIterator[Database]:
    db = Database(database)
    await db.open()
    async with db.transaction() as conn:
        await checks.sow(conn, list(LEASES), now=NOON, latest=NOON + 5 * MINUTE)
    yield db
    await db.close()


async def test_a_check_is_claimed_by_one_of_two_processes(db: Database) -> None:
    async with db.transaction() as one, db.transaction() as two:
        mine = await checks.claim_due(one, LEASES, now=NOON, limit=1)
        theirs = await checks.claim_due(two, LEASES, now=NOON, limit=10)

    assert len(mine) == 1
    assert {claim.name for claim in mine + theirs} == set(LEASES)
    assert len(theirs) == 1


async def test_a_check_can_be_claimed_by_another_process_once_its_lease_expires(db: Database) -> None:
    async with db.transaction() as conn:
        await checks.claim_due(conn, LEASES, now=NOON, limit=10)
        assert await checks.due_rows(list(LEASES)).soonest(conn) == NOON + MINUTE
        assert await checks.claim_due(conn, LEASES, now=NOON + MINUTE - timedelta(seconds=1), limit=10) == []
        again = await checks.claim_due(conn, LEASES, now=NOON + MINUTE, limit=10)
    assert [claim.name for claim in again] == ["website"]


async def test_a_result_under_an_older_claim_is_not_recorded(db: Database) -> None:
    async with db.transaction() as conn:
        first, second = [
            (await checks.claim_due(conn, {"website": MINUTE}, now=NOON + age * MINUTE, limit=1))[0] for age in (0, 1)
        ]
        assert await checks.lock(conn, first) is None
        assert await checks.lock(conn, second) == Belief()


async def test_a_process_claims_only_the_checks_of_its_own_runbook(db: Database) -> None:
    async with db.transaction() as conn:
        claims = await checks.claim_due(conn, {"orders": MINUTE, "unknown": MINUTE}, now=NOON, limit=10)
        assert [claim.name for claim in claims] == ["orders"]
        assert await checks.due_rows(["unknown"]).soonest(conn) is None


async def test_a_shorter_interval_in_the_runbook_makes_the_next_probe_sooner_and_never_later(db: Database) -> None:
    async with db.transaction() as conn:
        await checks.conclude(conn, "website", Belief(), due_at=NOON + 60 * MINUTE)
        await checks.conclude(conn, "orders", Belief(), due_at=NOON + MINUTE)
        await checks.sow(conn, list(LEASES), now=NOON, latest=NOON + 5 * MINUTE)
        assert await checks.due_rows(["website"]).soonest(conn) == NOON + 5 * MINUTE
        assert await checks.due_rows(["orders"]).soonest(conn) == NOON + MINUTE


async def test_a_state_has_lasted_since_the_first_probe_that_found_it(db: Database) -> None:
    async with db.transaction() as conn:
        for minutes, finding in enumerate([WELL, ILL, ILL]):
            await checks.see(conn, "website", finding, NOON + minutes * MINUTE)
        latest = (await checks.latest(conn, ["website", "orders"]))["website"]
        assert (latest.state, latest.since, latest.looked_at) == ("down", NOON + MINUTE, NOON + 2 * MINUTE)

        await checks.see(conn, "website", WELL, NOON)
        assert (await checks.latest(conn, ["website"]))["website"] == latest


async def test_the_history_shows_changes_and_how_long_they_lasted(db: Database) -> None:
    async with db.transaction() as conn:
        for minutes, finding in enumerate([WELL, WELL, ILL, ILL, WELL]):
            await checks.see(conn, "website", finding, NOON + minutes * MINUTE)
        turns = await checks.turns(conn, ["website"], 10)

    assert [(turn.state, turn.at, turn.until) for turn in turns] == [
        ("healthy", NOON + 4 * MINUTE, None),
        ("down", NOON + 2 * MINUTE, NOON + 4 * MINUTE),
        ("healthy", NOON, NOON + 2 * MINUTE),
    ]


async def test_a_checks_availability_is_computed_from_its_probes(db: Database) -> None:
    """Degraded counts as available; a failed probe has no latency."""
    slow = ProbeResult("degraded", "200", timedelta(milliseconds=32), "took 32ms, slow above 20ms")
    spans = (timedelta(hours=24), timedelta(days=7))
    async with db.transaction() as conn:
        for hour, finding in {0: WELL, 1: ILL, 2: ILL, 100: WELL, 101: slow}.items():
            await checks.see(conn, "website", finding, NOON + timedelta(hours=hour))
        now = NOON + timedelta(hours=102)
        found = await checks.availability(conn, list(LEASES), spans, now=now)
        day, week = await checks.uptimes(conn, "website", spans, now=now)

    assert [(one.span, one.available) for one in found["website"]] == [(spans[0], 100), (spans[1], 60)]
    assert list(found) == ["website"]
    assert (week.available, week.p50, day.p50) == (60, WELL.latency, timedelta(milliseconds=22))


async def test_a_check_that_was_never_up_has_no_latency(db: Database) -> None:
    async with db.transaction() as conn:
        await checks.see(conn, "website", ILL, NOON)
        (found,) = await checks.uptimes(conn, "website", [MINUTE], now=NOON)

    assert (found.available, found.p50) == (0, None)


async def test_old_probes_are_deleted(db: Database) -> None:
    async with db.transaction() as conn:
        await checks.see(conn, "website", WELL, NOON)
        assert await checks.forget_old(conn, NOON) == 0
        assert await checks.forget_old(conn, NOON + MINUTE) == 1


async def test_a_check_removed_from_the_runbook_is_no_longer_ill(db: Database) -> None:
    async with db.transaction() as conn:
        for name in LEASES:
            await checks.conclude(conn, name, Belief("down", ("down", "down")), due_at=NOON)
        assert await checks.stop_believing_others(conn, ["orders"]) == ["website"]
        assert await checks.stop_believing_others(conn, ["orders"]) == []
