"""A deadlock makes the server roll a transaction back: it's retried, so the deed is done once and nobody notices."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import pytest
from psycopg import AsyncConnection

from tests.mail_server import PostOffice, post_office
from tests.processes import until
from tests.stories.asking import ask, timeline
from tests.stories.paging.test_links import by_mail, link_in, press
from tests.stories.telephone.telephones import ADA, by, replied, telephones
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

LADDERS, INCIDENTS = "SELECT FROM escalations FOR UPDATE", "SELECT FROM incidents FOR UPDATE"
ALERTS, GROUPS = "SELECT FROM alerts FOR UPDATE", "SELECT FROM alert_groups FOR UPDATE"
WAITING = "SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
UNDONE = "deadlock"


@asynccontextmanager
async def crossing(
    world: World, caplog: pytest.LogCaptureFixture, holds: str, wants: str, *, gives_up: bool = False
) -> AsyncIterator[None]:
    """Make the deed that starts in this block the victim of a deadlock: it locks `wants`, then waits for `holds`.

    `gives_up`: it waits for a lock for less time than the server takes to look for a deadlock.
    """
    caplog.clear()
    async with await AsyncConnection.connect(world.app.services.db.conninfo) as conn:
        # A session looks for a deadlock after waiting for this long. This one never does, so the other is the victim.
        await conn.execute("SET deadlock_timeout = '1min'")
        own = conn.info.backend_pid
        await conn.execute(holds.encode())
        yield

        async def somebody_waits() -> bool:
            async with world.house.db.statement() as other:
                return bool((await other.execute(WAITING, [own])).rowcount)

        await until(somebody_waits)
        await conn.execute(wants.encode())
    if not gives_up:
        await until(lambda: was_undone(caplog))


async def was_undone(caplog: pytest.LogCaptureFixture) -> bool:
    return any(UNDONE in one.getMessage() for one in caplog.records)


async def done(world: World, kind: str) -> list[str]:
    """Who did this, according to the timeline."""
    return [who for what, who, _ in await timeline(world) if what == kind]


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


async def test_a_command_undone_by_a_deadlock_is_done_once_and_answers_as_usual(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(world, "eve", "/incident declare P1 Payments failing")
    room = world.workspace.channel(world.room("INC-1"))
    async with crossing(world, caplog, LADDERS, INCIDENTS):
        typing = asyncio.create_task(world.eve.types("/incident resolve It was the disk", room))
    answer = await typing
    await world.settled()
    assert answer.error is None and [words_of(one) for one in answer.messages] == []
    assert await done(world, "resolved") == ["U0EVE"]
    assert [one for one in world.posts() if "esolved" in one[1]]


async def test_a_press_undone_by_a_deadlock_acknowledges_once_and_answers_as_usual(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(world, "eve", "/incident declare P1 Payments failing")
    before = len(world.workspace.direct_messages("ada"))
    async with crossing(world, caplog, LADDERS, INCIDENTS):
        pressing = asyncio.create_task(world.ada.presses("Acknowledge", world.pages_of("ada")[0]))
    answer = await pressing
    await world.settled()
    assert answer.error is None
    assert await done(world, "acknowledged") == ["ada"]
    assert len(world.workspace.direct_messages("ada")) == before, "the page itself says it"


async def test_a_link_whose_press_is_undone_by_a_deadlock_still_acknowledges(
    new_world: NewWorld, office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    async with new_world(**by_mail(office)) as world:
        await ask(world, "eve", "/incident declare P1 Payments failing")
        async with crossing(world, caplog, LADDERS, INCIDENTS):
            pressing = asyncio.create_task(press(world, link_in(office)))
        status, words = await pressing
        assert (status, "cknowledged" in words) == (200, True)
        assert await done(world, "acknowledged") == ["ada"]


async def test_a_text_undone_by_a_deadlock_still_acknowledges_and_its_sender_is_told(
    new_world: NewWorld, caplog: pytest.LogCaptureFixture
) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await ask(world, "eve", "/incident declare P1 Payments failing")
        async with crossing(world, caplog, LADDERS, INCIDENTS):
            texting = asyncio.create_task(replied(world, company, ADA, "ack"))
        assert "othing" not in (said := await texting) and "INC-1" in said
        assert await done(world, "acknowledged") == ["ada"]


async def test_an_alert_that_gives_way_to_crossed_locks_is_accepted_and_counted_once(
    new_world: NewWorld, caplog: pytest.LogCaptureFixture
) -> None:
    async with new_world(ALERTS_TOKEN="let-me-in") as world, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{world.app.port}/alerts/generic?token=let-me-in"

        async def tells() -> int:
            async with session.post(url, json={"title": "Disk full", "status": "firing"}) as answer:
                return answer.status

        assert await tells() == 202
        await world.settled()
        async with crossing(world, caplog, ALERTS, GROUPS, gives_up=True):
            telling = asyncio.create_task(tells())
        assert await telling == 202
        await world.settled()
        async with world.house.db.statement() as conn:
            (row,) = await (await conn.execute("SELECT count FROM alerts")).fetchall()
        assert row == {"count": 2}
