"""A process is killed, frozen, stopped or fails at the worst moment: nothing is lost, and nothing is done twice."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Unreachable
from bot.domain.paging.page import Page
from bot.services import Services
from bot.services.outbox.attempts import FAULTS
from bot.services.outbox.kinds import PAGE, UPDATE, DeliveryKind, Outcome
from bot.services.outbox.leases import LEASE, TAKEN_OVER_AFTER, WATCHED_FOR
from bot.store.outbox import outbox
from bot.store.outbox.outbox import Delivery, InHand
from bot.store.pipelined import Connection
from tests.processes import Fleet, fleet, holding, key_of
from tests.stories.asking import told
from tests.stories.paging.test_paging import declared
from tests.world import World

NewFleet = Callable[..., AbstractAsyncContextManager[Fleet]]

STORM = 24
KILLS = 4


@pytest.fixture
def new_fleet(database: str, tmp_path: Path) -> NewFleet:
    """`async with new_fleet() as fleet`: a fleet that has no process yet."""
    return partial(fleet, database, tmp_path)


# Killed


async def test_a_command_acknowledged_by_a_process_that_then_died_is_done_once_by_the_next(
    new_fleet: NewFleet, database: str
) -> None:
    async with new_fleet() as fleet:
        (doomed,) = await fleet.start()
        async with holding(database, "LOCK TABLE incidents IN SHARE MODE"):
            answer = await fleet.declared()
            assert answer.error is None
            await doomed.dies()
        assert await fleet.pages() == []

        await fleet.start()
        await fleet.until(lambda: fleet.posted("page:"))
        await fleet.all_is_there_once(interrupted=True)
        assert [one.title for one in await fleet.house.incidents.newest(open_only=False)] == ["Payments failing"]


async def test_a_message_slack_accepted_before_the_process_died_is_found_and_not_sent_twice(
    new_fleet: NewFleet,
) -> None:
    async with new_fleet() as fleet:
        (doomed,) = await fleet.start()
        await fleet.until(lambda: fleet.workspace.channel("#incidents"))
        for method in ("chat.postMessage", "conversations.create"):
            fleet.workspace.faults.hang(method, 3600, times=None, after=True)
        await fleet.declared()
        await fleet.until(lambda: fleet.posted("page:") and fleet.posted("announcement:") and rooms_made(fleet))
        await doomed.dies()
        assert [page.state for page in await fleet.pages()] == ["waiting"], "nobody has written down what Slack said"

        fleet.workspace.faults.clear()
        await fleet.start()
        await fleet.until(lambda: fleet.posted("incident:"))
        await fleet.all_is_there_once(interrupted=True)
        assert len(await fleet.pages()) == 1


def rooms_made(fleet: Fleet) -> int:
    return sum(one.method == "conversations.create" and "inc-" in str(one.arguments) for one in fleet.workspace.sent)


@pytest.mark.parametrize("seed", [1, 2])
async def test_processes_killed_at_random_during_a_storm_leave_each_incident_complete_and_declared_once(
    new_fleet: NewFleet, seed: int
) -> None:
    chance = random.Random(seed)
    acknowledged: dict[str, bool] = {}

    async def storm(fleet: Fleet) -> None:
        for number in range(STORM):
            await asyncio.sleep(chance.uniform(0, 0.3))
            # Every title is different, but only four names of rooms come of them.
            title = f"Report {chance.choice('abcd')}{'!' * number}"
            answer = await fleet.workspace.person("eve").types(f"/incident declare P1 {title}")
            acknowledged[title] = answer.error is None

    async def reaper(fleet: Fleet) -> None:
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.1, 1))
            await chance.choice([one for one in fleet.replicas if one.is_running]).dies()
            await fleet.start()

    async with new_fleet() as fleet:
        await fleet.start(2)
        fleet.workspace.faults.slow_down(chance.choice([20, 80, 200]))
        await asyncio.gather(storm(fleet), reaper(fleet))
        await fleet.all_is_there_once(interrupted=True)

        titles = Counter(one.title for one in await fleet.house.incidents.newest(open_only=False))
        assert set(titles) >= {title for title, known in acknowledged.items() if known}
        assert set(titles.values()) == {1}
        assert nobody_is_paged_twice(await fleet.pages())


def nobody_is_paged_twice(pages: list[Page]) -> bool:
    """Per incident: each person once. A page that takes too long has the next tier paged as well."""
    return max(Counter((page.incident_id, page.person) for page in pages).values()) == 1


# Frozen


async def test_a_process_frozen_for_longer_than_its_lease_sends_nothing_when_it_wakes(
    new_fleet: NewFleet,
) -> None:
    async with new_fleet() as fleet:
        frozen, _ = await fleet.start(2)
        fleet.workspace.faults.slow_down(100)
        eve = fleet.workspace.person("eve")
        titles = [f"Report {number}" for number in range(STORM)]
        answers = await asyncio.gather(*(eve.types(f"/incident declare P1 {title}") for title in titles))
        await fleet.until(lambda: len(fleet.posted("page:")) >= STORM // 4)
        frozen.freezes()

        await fleet.until_calm()
        frozen.thaws()
        for _ in range(4):
            await eve.types("/incident list")
        await fleet.all_is_there_once(interrupted=True)
        known = await fleet.house.incidents.newest(open_only=False)
        # On a busy machine, the bot may have refused some and said so.
        refused = {title for title, said in zip(titles, answers, strict=True) if "Nothing was recorded" in told(said)}
        assert {one.title for one in known} == set(titles) - refused
        pages = await fleet.pages()
        assert {page.incident_id for page in pages} == {one.id for one in known}
        assert nobody_is_paged_twice(pages)


async def test_a_page_whose_lease_expired_before_it_was_sent_is_claimed_again_and_sent(new_fleet: NewFleet) -> None:
    async with new_fleet() as fleet:
        house = fleet.house
        house.clock.freeze(datetime.now(UTC))
        await house.declarations.declare(Actor("eve"), "Payments failing", severity="P1")

        await house.carrier.take_due()
        house.clock.move(TAKEN_OVER_AFTER)
        await house.carrier.finish(10)
        assert fleet.posted("page:") == []

        house.clock.move(timedelta(seconds=2))
        await house.carrier.take_due()
        await house.carrier.finish(10)
        assert [key_of(one) for one in fleet.posted("page:")] == ["page:1"]


@asynccontextmanager
async def page_in_a_dead_hand(new_fleet: NewFleet) -> AsyncIterator[tuple[Fleet, Services]]:
    """A process that made and claimed a page and ended before sending it, and a second one; both clocks are frozen."""
    async with new_fleet() as fleet, fleet.app(Clock()).at_hand() as other:
        now = datetime.now(UTC)
        for house in (fleet.house, other):
            house.clock.freeze(now)
        fleet.house.duty.begin()
        await fleet.house.declarations.declare(Actor("eve"), "Payments failing", severity="P1")
        await fleet.house.carrier.finish(0)
        yield fleet, other


async def test_a_page_claimed_by_a_process_that_died_is_sent_once_its_lease_is_over(
    new_fleet: NewFleet,
) -> None:
    async with page_in_a_dead_hand(new_fleet) as (fleet, other):
        await other.carrier.take_due()
        await other.carrier.finish(10)
        assert fleet.posted("page:") == [], "it is in somebody's hand"

        for span in (LEASE, WATCHED_FOR):
            assert fleet.posted("page:") == [], "its process may be at work all the same"
            other.clock.move(span)
            await other.carrier.take_due()
            await other.carrier.finish(10)
        assert [key_of(one) for one in fleet.posted("page:")] == ["page:1"]


async def test_a_page_held_by_another_process_is_not_recorded_as_cancelled(new_fleet: NewFleet) -> None:
    async with new_fleet() as fleet:
        house = fleet.house
        await house.declarations.declare(Actor("eve"), "Payments failing", severity="P1")
        async with house.db.statement() as conn:
            now = house.clock.now()
            believed = house.clock.at_database()
            look = await outbox.claim(conn, now=now, lease_until=now + LEASE, free=9, lowest=PAGE, believed=believed)
            (page, *_) = look.claimed
        with pytest.raises(Unreachable, match="somebody else's hands"):
            await house.departures.send(replace(page, fence=page.fence - 1))
        assert fleet.posted("page:") == []


async def test_pages_whose_commit_got_no_answer_are_released_to_the_next_process(new_fleet: NewFleet) -> None:
    async with page_in_a_dead_hand(new_fleet) as (fleet, other):
        async with fleet.house.db.statement() as conn:
            given = [InHand({"page": page.id}, PAGE, "slack", None) for page in await fleet.pages()]
            await outbox.let_go(conn, "page", given, now=other.clock.now(), holder=fleet.house.db.process)
        await other.carrier.take_due()
        await other.carrier.finish(10)
        assert [key_of(one) for one in fleet.posted("page:")] == ["page:1"]


# Told to stop


async def test_a_process_told_to_stop_finishes_what_it_is_sending_and_leaves_nothing_half_done(
    new_fleet: NewFleet,
) -> None:
    async with new_fleet() as fleet:
        (first,) = await fleet.start()
        await fleet.until(lambda: fleet.workspace.channel("#incidents"))
        fleet.workspace.faults.slow_down(1000)
        await fleet.declared()

        assert await first.stops() == 0
        fleet.workspace.faults.clear()
        assert [page.state for page in await fleet.pages()] == ["accepted"]
        assert "Traceback" not in first.said()

        await fleet.start()
        await fleet.until(lambda: fleet.posted("incident:"), within=TAKEN_OVER_AFTER.total_seconds() / 2)
        await fleet.all_is_there_once(interrupted=True)


# Failing


class Broken(DeliveryKind[None]):
    """A delivery that fails with an unexpected error, while it is sent or while its outcome is recorded."""

    def __init__(self, fails: Iterator[bool], *, when: str) -> None:
        self._fails = fails
        self._when = when
        self.sent = 0

    async def send(self, delivery: Delivery) -> None:
        if self._when == "sending" and next(self._fails, True):
            raise ZeroDivisionError("a fault on purpose")
        self.sent += 1

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[None]) -> None:
        if self._when == "recording":
            await conn.execute("SELECT no_such_column FROM outbox")


async def put(world: World, kind: str) -> None:
    async with world.house.db.transaction() as conn:
        await world.house.outbox.put(conn, kind, {}, priority=UPDATE, lane="the same")


async def test_a_ladder_that_cannot_be_read_does_not_stop_the_others(world: World, database: str) -> None:
    await declared(world, "P1 The first one")
    await declared(world, "P1 The second one")
    async with world.house.db.transaction() as conn:
        await conn.execute("UPDATE escalations SET policy = '{}' WHERE incident_id = 1")

    await world.passes(minutes=15)
    assert len(world.pages_of("ben")) == 1


async def test_a_delivery_that_always_fails_delays_no_page_and_does_not_block_its_lane_forever(world: World) -> None:
    broken, sound = Broken(iter([]), when="sending"), Broken(iter([]), when="never")
    world.house.delivery_kinds["broken"] = broken
    world.house.delivery_kinds["sound"] = sound
    await put(world, "broken")
    await put(world, "sound")
    await declared(world)
    assert len(world.pages_of("ada")) == 1

    for _ in range(FAULTS - 1):
        assert sound.sent == 0
        await world.passes(minutes=1)
    assert (broken.sent, sound.sent) == (0, 1)


async def test_a_delivery_is_not_sent_again_if_recording_it_fails(world: World) -> None:
    broken = Broken(iter([]), when="recording")
    world.house.delivery_kinds["broken"] = broken
    await put(world, "broken")
    await world.passes(minutes=5)
    assert broken.sent == 1


class BrokenOnce(DeliveryKind[None]):
    """A delivery whose first recording fails oddly, as behind a pooler that has just mixed up its sessions."""

    def __init__(self) -> None:
        self.recordings = 0

    async def send(self, delivery: Delivery) -> None:
        pass

    async def recorded(self, conn: Connection, delivery: Delivery, outcome: Outcome[None]) -> None:
        self.recordings += 1
        if self.recordings == 1:
            await conn.execute("SELECT 'no number'::smallint")
        await conn.execute("INSERT INTO outbox_followed VALUES (1)")


async def test_recording_a_delivery_is_retried_after_an_unexpected_database_error(
    world: World,
) -> None:
    async with world.house.db.transaction() as conn:
        await conn.execute("CREATE TABLE outbox_followed (number int)")
    world.house.delivery_kinds["broken once"] = BrokenOnce()
    await put(world, "broken once")
    await world.passes(minutes=1)
    async with world.house.db.transaction() as conn:
        assert len(await (await conn.execute("SELECT FROM outbox_followed")).fetchall()) == 1


async def test_a_delivery_of_an_unknown_kind_waits_for_a_newer_process(world: World) -> None:
    await put(world, "unknown")
    await world.passes(minutes=1)
    newer = Broken(iter([]), when="never")
    world.house.delivery_kinds["unknown"] = newer
    await world.passes(minutes=1)
    assert newer.sent == 1
