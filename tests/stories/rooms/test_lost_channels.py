"""Channels that are deleted, renamed, or inaccessible at the start are reported, and used once they are found."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import aiohttp
import pytest

from bot.sandbox.workspace import Workspace
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, alert, watched
from tests.stories.asking import ask
from tests.stories.rooms.test_closed_rooms import declared, readyz
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
WITH_NEWS = f"{RUNBOOK}\nchannels: {{public: '#news'}}\n"


async def channels(world: World) -> dict[str, dict[str, str]]:
    _, body = await readyz(world)
    return {name: body[f"channels_{name}"] for name in ("missing", "closed")}


@pytest.mark.parametrize("is_heard", [True, False])
async def test_nobody_is_asked_to_invite_the_bot_to_a_room_known_to_be_deleted(world: World, is_heard: bool) -> None:
    room = await declared(world)
    if is_heard:
        await world.eve.removes(room)
    else:
        world.workspace.conversations._channels.pop(room.id)
    await world.settled()
    answer = await ask(world, "eve", "/incident update INC-1 the queue drains")
    heard = [words_of(one) for one in world.pages_of("eve") if room.name in words_of(one)]
    assert len(heard) == 1
    assert "was deleted" in heard[0]
    assert ("nvite the bot" in heard[0]) == (not is_heard)
    assert ("was deleted" in answer) == is_heard
    assert any("the queue drains" in words for words in world.said_in("#incidents"))


async def test_a_deleted_announcement_channel_is_used_again_once_it_is_created_anew(world: World) -> None:
    room = await declared(world)
    await world.eve.joins("#incidents")
    await world.eve.removes("#incidents")
    await world.settled()
    assert any("#incidents was deleted" in words for words in world.said_in(room.id))
    assert (await channels(world))["closed"] == {"#incidents": "deleted"}

    await world.eve.opens_channel("#incidents")
    await world.eve.invites("tocsin", "#incidents")
    await world.settled()
    assert any("INC-1" in words for words in world.said_in("#incidents"))
    assert await channels(world) == {"missing": {}, "closed": {}}


async def test_a_channel_found_by_one_process_is_used_by_the_others(world: World) -> None:
    await world.settled()
    async with world.joined() as second:
        await world.eve.joins("#incidents")
        await world.eve.removes("#incidents")
        await world.eve.opens_channel("#incidents")
        await world.eve.invites("tocsin", "#incidents")
        await world.settled()
        found = {await one.services.channels.announced_in() for one in (world.app, second)}
        assert found == {world.workspace.channel("#incidents").id}


async def test_a_renamed_channel_is_still_used_after_a_restart_and_no_other_is_created(world: World) -> None:
    await world.settled()
    renamed = world.workspace.channel("#incidents")
    await world.eve.joins(renamed)
    await world.eve.renames(renamed, "ops-incidents")
    await world.settled()
    assert any("runbook says #incidents" in words for words in world.said_in(renamed.id))
    async with world.joined() as second:
        assert world.workspace.find_channel("#incidents") is None
        assert "#ops-incidents" in second.services.channels.missing["incidents"]
        await declared(world)
        assert any("INC-1" in words for words in world.said_in(renamed.id))
    await world.eve.renames(renamed, "incidents")
    await world.settled()
    assert (await channels(world))["missing"] == {}


async def test_a_new_channel_with_the_configured_name_replaces_the_renamed_one(world: World) -> None:
    await world.settled()
    old = world.workspace.channel("#incidents")
    await world.eve.joins(old)
    await world.eve.renames(old, "incidents-old")
    new = await world.eve.opens_channel("#all-incidents")
    await world.eve.renames(new, "incidents")
    await declared(world)
    assert any("INC-1" in words for words in world.said_in(new.id))
    assert not any("INC-1" in words for words in world.said_in(old.id))
    assert (await channels(world))["missing"] == {}


async def test_a_channel_that_was_private_at_the_start_is_used_once_the_bot_is_invited(new_world: NewWorld) -> None:
    def prepare(workspace: Workspace) -> None:
        workspace.add_channel("#news", members=["U0EVE"], private=True)

    async with new_world(runbook=WITH_NEWS, prepare=prepare) as world:
        assert "#news" in (await channels(world))["missing"]
        await declared(world)
        await world.eve.invites("tocsin", "#news")
        await world.settled()
        assert (await channels(world))["missing"] == {}
        await ask(world, "eve", "/incident resolve INC-1 a certificate")
        assert any("resolved" in words for words in world.said_in("#news"))


async def test_a_channel_archived_at_the_start_is_reported_and_used_once_it_is_unarchived(
    new_world: NewWorld,
) -> None:
    def prepare(workspace: Workspace) -> None:
        workspace.add_channel("#incidents", members=["U0EVE"]).archived = True

    async with new_world(prepare=prepare) as world:
        await declared(world)
        assert "archived" in (await channels(world))["missing"]["#incidents"]
        await world.eve.unarchives("#incidents")
        await world.settled()
        assert (await channels(world))["missing"] == {}
        assert any("INC-1" in words for words in world.said_in("#incidents"))


@pytest.mark.parametrize("how", ["archived", "left", "deleted"])
async def test_an_alert_received_while_its_channel_was_closed_is_posted_once_it_is_open(
    new_world: NewWorld, how: str
) -> None:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        channel = world.workspace.channel("#infrastructure-alerts")
        await world.eve.joins(channel)
        match how:
            case "archived":
                await world.eve.archives(channel)
            case "left":
                await world.eve.puts_out("tocsin", channel)
            case _:
                await world.eve.removes(channel)
        await monitoring.fires(alert("DiskFull"))
        assert len([words for words in world.said_in("#incidents") if "#infrastructure-alerts" in words]) == 1
        match how:
            case "archived":
                await world.eve.unarchives(channel)
            case "left":
                await world.eve.invites("tocsin", channel)
            case _:
                await world.eve.opens_channel("#infrastructure-alerts")
                await world.eve.invites("tocsin", "#infrastructure-alerts")
        await world.settled()
        assert any("DiskFull" in words for words in world.said_in("#infrastructure-alerts"))


async def test_a_channel_one_process_finds_missing_is_reported_by_every_process(world: World) -> None:
    await world.settled()
    async with world.joined() as second:
        await world.eve.joins("#incidents")
        await world.eve.renames("#incidents", "ops-incidents")
        await world.settled()
        for one in (world.app, second):
            async with aiohttp.ClientSession(f"http://127.0.0.1:{one.port}") as http, http.get("/readyz") as answer:
                assert "#ops-incidents" in (await answer.json())["channels_missing"]["#incidents"]
        said = [words for words in world.said_in("#ops-incidents") if "runbook says #incidents" in words]
        assert len(said) == 1
        await world.eve.renames("#ops-incidents", "incidents")
        await world.settled()
        for one in (world.app, second):
            async with aiohttp.ClientSession(f"http://127.0.0.1:{one.port}") as http, http.get("/readyz") as answer:
                assert (await answer.json())["channels_missing"] == {}
