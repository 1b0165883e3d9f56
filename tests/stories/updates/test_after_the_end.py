"""After the resolution: the watch, reopening by a click or by an alert, and one all-clear to those who were told."""

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


async def test_audiences_that_were_told_get_one_all_clear_when_the_watch_ends(town: World, office: PostOffice) -> None:
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


async def test_two_processes_ending_the_watch_at_once_send_one_all_clear(town: World, office: PostOffice) -> None:
    await declared(town)
    await does(town, "ada", "/incident resolve Rolled back")
    await town.passes(seconds=5)
    letters(office)
    async with town.house.db.transaction() as conn:
        await conn.execute("UPDATE watches SET due_at = set_at")
    await asyncio.gather(town.house.watches.take_due(), town.house.watches.take_due())
    await town.settled()
    assert letters(office) == [("board@example.com", "All clear: Payments failing (INC-1)")]


async def test_a_watch_started_by_a_clock_that_was_ahead_ends_on_time_and_on_its_own_card(town: World) -> None:
    await declared(town)
    await does(town, "ada", "/incident resolve Rolled back")
    await town.passes(seconds=5)
    async with town.house.db.transaction() as conn:
        await conn.execute("UPDATE watches SET set_at = set_at + interval '3 h', due_at = due_at + interval '3 h'")
    await town.house.timekeeping.put_right()
    await town.passes(hours=2, minutes=1)
    shown = [one for one in town.workspace.messages(town.room()) if one.text[0] in "👀🟢"]
    assert len(shown) == 1 and "has not been reopened" in shown[0].text


async def test_reopening_during_the_watch_cancels_the_all_clear(town: World, office: PostOffice) -> None:
    await declared(town)
    await does(town, "ada", "/incident resolve Rolled back")
    await town.passes(seconds=5)
    await presses(town, "ben", "Reopen", watch(town))
    await town.passes(seconds=5)
    assert (await town.house.incidents.find("INC-1")).is_open and "reopened" in watch(town).text
    letters(office)
    await town.passes(hours=3)
    assert not any("All clear" in subject for _, subject in letters(office))


async def test_an_alert_firing_again_offers_to_reopen_and_one_whose_rule_declares_reopens_by_itself(
    town: World, monitoring: Monitoring
) -> None:
    """The first alert is attached by hand; the second has a rule that declares an incident."""
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
    assert (await town.house.incidents.find("INC-1")).is_open and town.ben.labels(asked[0]) == []

    await monitoring.fires(alert("Slow", severity="high", status="resolved"))
    await does(town, "ada", "/incident resolve Rolled back again")
    await monitoring.fires(alert("Slow", severity="high"))
    await town.passes(seconds=5)
    asked = [one for one in town.workspace.messages(town.room()) if "is firing again" in one.text]
    assert [town.ben.labels(one) for one in asked] == [[], ["Reopen"]]
    await presses(town, "ben", "Reopen", asked[1])

    await monitoring.fires(alert("DatabaseDown"))
    await monitoring.fires(alert("DatabaseDown", status="resolved"))
    await town.passes(seconds=5)
    await town.house.incidents.resolve(town.house.people.actor(town.ada.id, None, None), 2)
    await town.passes(minutes=5)
    await monitoring.fires(alert("DatabaseDown"))
    assert (await town.house.incidents.find("INC-2")).is_open
    assert len(await town.house.incidents.newest(open_only=True)) == 2, "no third was declared"
