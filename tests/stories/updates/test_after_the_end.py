"""After the end: watched, reopened with one click or by its alert, and then the all-clear, once, to who was told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.sandbox.model import Message
from tests.mail_server import PostOffice, post_office
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, alert, watched
from tests.stories.updates.test_stakeholder_updates import (
    declared,
    does,
    letters,
    presses,
    told,
    updating,
    with_channels,
)
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
AFTER = "\nafter_resolution: {watch_for: 2h, all_clear: true}\n"


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


@pytest.fixture
async def town(new_world: NewWorld, office: PostOffice) -> AsyncIterator[World]:
    settings = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "b@example.com", "ALERTS_TOKEN": TOKEN}
    async with new_world(runbook=updating(WITH_ALERTS) + AFTER, prepare=with_channels, **settings) as world:
        yield world


@pytest.fixture
async def monitoring(town: World) -> AsyncIterator[Monitoring]:
    async with watched(town) as monitoring:
        yield monitoring


def watch(world: World) -> Message:
    return [one for one in world.workspace.messages(world.room()) if one.text[0] in "👀🟢"][-1]


def incident_card(world: World) -> str:
    return next(words for one in world.workspace.messages(world.room()) if "*INC-1 ·" in (words := words_of(one)))


async def test_at_the_end_of_the_watch_who_was_told_gets_the_all_clear_once(town: World, office: PostOffice) -> None:
    await declared(town)
    await does(town, "ada", "/incident resolve Rolled back")
    await town.passes(seconds=5)
    assert watch(town).text.startswith("👀 *Watching INC-1 until") and "Reopen" in words_of(watch(town))
    assert "👀 Watching until" in incident_card(town)
    letters(office)

    await town.passes(hours=1, minutes=59)
    assert letters(office) == []
    await town.passes(minutes=1, seconds=5)
    assert letters(office) == [("board@example.com", "All clear: Payments failing (INC-1)")]
    assert "has not been reopened" in watch(town).text
    assert "Watching until" not in incident_card(town)
    await town.passes(days=2)
    assert letters(office) == []
    assert len([one for one in await told(town, "system") if one.startswith("watch over")]) == 1


async def test_two_processes_that_end_the_watch_at_once_give_one_all_clear(town: World, office: PostOffice) -> None:
    await declared(town)
    await does(town, "ada", "/incident resolve Rolled back")
    await town.passes(seconds=5)
    letters(office)
    async with town.house.db.transaction() as conn:
        await conn.execute("UPDATE watches SET due_at = set_at")
    await asyncio.gather(town.house.watches.take_due(), town.house.watches.take_due())
    await town.settled()
    assert letters(office) == [("board@example.com", "All clear: Payments failing (INC-1)")]


async def test_a_watch_that_a_clock_ahead_began_ends_on_its_own_card(town: World) -> None:
    await declared(town)
    await does(town, "ada", "/incident resolve Rolled back")
    await town.passes(seconds=5)
    async with town.house.db.transaction() as conn:
        await conn.execute("UPDATE watches SET set_at = set_at + interval '3 h', due_at = due_at + interval '3 h'")
    await town.house.timekeeping.put_right()
    await town.passes(hours=2, minutes=1)
    shown = [one for one in town.workspace.messages(town.room()) if one.text[0] in "👀🟢"]
    assert len(shown) == 1 and "has not been reopened" in shown[0].text


async def test_reopened_from_its_watch_nobody_gets_an_all_clear(town: World, office: PostOffice) -> None:
    await declared(town)
    await does(town, "ada", "/incident resolve Rolled back")
    await town.passes(seconds=5)
    await presses(town, "ben", "Reopen", watch(town))
    await town.passes(seconds=5)
    assert (await town.house.incidents.find("INC-1")).is_open and "reopened" in watch(town).text
    letters(office)
    await town.passes(hours=3)
    assert not any("All clear" in subject for _, subject in letters(office))


async def test_an_alert_that_fires_again_asks_for_a_click_and_one_that_declares_reopens(
    town: World, monitoring: Monitoring
) -> None:
    """The first is attached by hand; the second has a rule that declares."""
    await declared(town)
    await monitoring.fires(alert("Slow", severity="high"))
    await town.house.alert_declarations.attach(town.house.people.actor(town.ada.id, None, None), 1, "INC-1")
    await monitoring.fires(alert("Slow", severity="high", status="resolved"))
    await does(town, "ada", "/incident resolve Rolled back")
    for _ in range(2):
        await monitoring.fires(alert("Slow", severity="high"))
        await town.passes(seconds=5)
    asked = [one for one in town.workspace.messages(town.room()) if "is firing again" in one.text]
    assert len(asked) == 1 and not (await town.house.incidents.find("INC-1")).is_open
    await presses(town, "ben", "Reopen", asked[0])
    assert (await town.house.incidents.find("INC-1")).is_open

    await monitoring.fires(alert("DatabaseDown"))
    await monitoring.fires(alert("DatabaseDown", status="resolved"))
    await town.passes(seconds=5)
    await town.house.incidents.resolve(town.house.people.actor(town.ada.id, None, None), 2)
    await town.passes(minutes=5)
    await monitoring.fires(alert("DatabaseDown"))
    assert (await town.house.incidents.find("INC-2")).is_open
    assert len(await town.house.incidents.newest(open_only=True)) == 2, "no third was declared"
