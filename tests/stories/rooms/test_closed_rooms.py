"""A channel is archived, or the bot is removed from it, during an incident: nothing is lost or falsely claimed."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from bot.sandbox.model import Channel
from bot.slack.blocks import message
from tests.stories.asking import asked, told
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


async def declared(world: World, verb: str = "declare P1") -> Channel:
    await world.settled()
    await world.eve.types(f"/incident {verb} Payments failing")
    await world.settled()
    return world.workspace.channel(world.room())


async def closed_announcements(world: World) -> None:
    await world.eve.joins("#incidents")
    await world.eve.archives("#incidents")


async def readyz(world: World) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{world.app.port}") as http, http.get("/readyz") as answer:
        return answer.status, await answer.json()


async def unheard(world: World, name: str, room: Channel) -> None:
    """Somebody archives the room or removes the bot from it, and Slack's event about that is lost."""
    if name == "archived":
        room.archived = True
    room.members.remove(world.workspace.bot.id)


@pytest.mark.parametrize("how", ["archived", "left"])
@pytest.mark.parametrize("is_heard", [True, False])
async def test_posts_for_a_closed_room_go_to_the_announcement_channel(world: World, how: str, is_heard: bool) -> None:
    room = await declared(world)
    if not is_heard:
        await unheard(world, how, room)
    elif how == "archived":
        await world.eve.archives(room)
    else:
        await world.eve.puts_out("tocsin", room)
    await world.settled()
    answer = told(await asked(world, "eve", "/incident update INC-1 the queue drains", "#general"))

    words = next(words for words in world.said_in("#incidents") if "the queue drains" in words)
    assert room.name in words
    assert "INC-1" in words
    assert "posted in its channel" not in answer or not is_heard
    assert ("where incidents are announced" in answer) == is_heard
    assert any(room.name in words_of(one) for one in world.pages_of("eve"))
    status, body = await readyz(world)
    assert status == 200
    assert body["channels_closed"] == {f"#{room.name} of INC-1": how}


async def test_paging_goes_on_while_the_room_is_closed(world: World) -> None:
    room = await declared(world)
    await world.eve.archives(room)
    await world.passes(minutes=15)
    assert any("INC-1" in words_of(one) for one in world.pages_of("ben"))
    assert any("not" in words or "Ben" in words for words in world.said_in("#incidents"))


@pytest.mark.parametrize("how", ["unarchived", "invited"])
async def test_a_reopened_room_shows_the_current_state(world: World, how: str) -> None:
    room = await declared(world)
    if how == "unarchived":
        await world.eve.archives(room)
    else:
        await world.eve.puts_out("tocsin", room)
    await world.settled()
    await world.eve.types("/incident severity INC-1 P2 fewer users", "#general")
    await world.settled()
    await (world.eve.unarchives(room) if how == "unarchived" else world.eve.invites("tocsin", room))
    await world.settled()

    assert "P2" in words_of(world.card())
    assert (await readyz(world))[1]["channels_closed"] == {}
    await world.eve.types("/incident update INC-1 it is back", "#general")
    await world.settled()
    assert any("it is back" in words for words in world.said_in(room.id))


async def test_a_reopened_room_is_noticed_at_the_next_post_if_the_event_was_lost(world: World) -> None:
    room = await declared(world)
    await world.eve.puts_out("tocsin", room)
    await world.settled()
    room.members.append(world.workspace.bot.id)
    await world.eve.types("/incident update INC-1 it is back", "#general")
    await world.settled()
    assert any("it is back" in words for words in world.said_in(room.id))
    assert (await readyz(world))[1]["channels_closed"] == {}


async def test_posts_for_the_closed_room_of_a_private_incident_go_only_to_its_lead(world: World) -> None:
    room = await declared(world, "private")
    await asked(world, "eve", "/incident lead INC-1 @ben")
    await world.eve.archives(room)
    await world.settled()
    answer = told(await asked(world, "eve", "/incident update INC-1 the key was stolen", "#general"))
    assert "only to its lead" in answer
    assert any("the key was stolen" in words_of(one) for one in world.pages_of("ben")), answer
    everywhere = [channel for channel in world.workspace.conversations if channel.kind == "public"]
    assert not any("stolen" in words for channel in everywhere for words in world.said_in(channel.id))


@pytest.mark.parametrize("when", ["before the incident", "while it is open"])
async def test_the_room_and_the_lead_are_told_if_the_announcement_channel_is_archived(world: World, when: str) -> None:
    await world.settled()
    if when == "before the incident":
        await closed_announcements(world)
    room = await declared(world)
    if when == "while it is open":
        await closed_announcements(world)
    await world.settled()
    warnings = [words for words in world.said_in(room.id) if "#incidents is archived" in words]
    assert len(warnings) == 1
    assert any("#incidents is archived" in words_of(one) for one in world.pages_of("eve"))
    status, body = await readyz(world)
    assert (status, body["channels_closed"]) == (200, {"#incidents": "archived"})

    await world.eve.unarchives("#incidents")
    await world.settled()
    assert any("INC-1" in words for words in world.said_in("#incidents"))
    assert (await readyz(world))[1]["channels_closed"] == {}


@pytest.mark.parametrize("how", ["archived", "left"])
async def test_an_announcement_that_could_not_be_edited_shows_the_resolution_once_its_channel_is_open(
    world: World, how: str
) -> None:
    await declared(world)
    channel = world.workspace.channel("#incidents")
    await world.eve.joins(channel)
    await (world.eve.archives(channel) if how == "archived" else world.eve.puts_out("tocsin", channel))
    await asked(world, "eve", "/incident resolve INC-1 a certificate")
    await (world.eve.unarchives(channel) if how == "archived" else world.eve.invites("tocsin", channel))
    await world.settled()
    (announced,) = [words for words in world.said_in("#incidents") if "Payments failing" in words]
    assert "Resolved" in announced and "not acknowledged" not in announced


async def test_with_the_room_and_the_announcement_channel_closed_posts_go_to_the_lead(world: World) -> None:
    room = await declared(world)
    await world.eve.archives(room)
    await closed_announcements(world)
    await world.settled()
    await world.eve.types("/incident update INC-1 the queue drains", "#general")
    await world.settled()
    assert any("the queue drains" in words_of(one) for one in world.pages_of("eve"))


async def test_posts_for_a_closed_channel_of_alerts_go_to_the_announcement_channel(
    world: World,
) -> None:
    await world.settled()
    channel = world.workspace.channel("#infrastructure-alerts")
    channel.archived = True
    async with world.house.db.transaction() as conn:
        await world.house.posts.in_channel(conn, channel.id, message("A backup is gone"))
    await world.settled()
    words = next(words for words in world.said_in("#incidents") if "A backup is gone" in words)
    assert channel.id in words and "is archived" in words


async def test_what_a_closed_room_should_have_been_asked_is_asked_where_incidents_are_announced(world: World) -> None:
    """It closed unheard before the question came; and what stands in it shows the answer once it is open again."""
    room = await declared(world)
    await asked(world, "eve", "/incident task @ada restart the workers 15m", room)
    await unheard(world, "archived", room)
    await world.passes(minutes=15)
    (question,) = [one for one in world.workspace.messages("#incidents") if "Time's up" in words_of(one)]
    assert room.name in words_of(question) and "INC-1" in words_of(question)
    await world.ada.presses("Done", question)
    await world.settled()
    assert world.ada.labels(question) == []

    await world.eve.unarchives(room)
    await world.eve.invites("tocsin", room)
    await world.settled()
    (task,) = [one for one in world.workspace.messages(room) if "restart the workers" in words_of(one)]
    assert world.ada.labels(task) == [] and "Done" in words_of(task)


DEEDS = {
    "update": ("/incident update the queue drains", "the queue drains"),
    "severity": ("/incident severity P2 fewer users", "P2"),
    "status": ("/incident status monitoring", "monitoring"),
    "acknowledge": ("/incident ack", "Ben"),
    "role": ("/incident lead @cleo", "Cleo"),
    "resolve": ("/incident resolve a certificate", "a certificate"),
    "reopen": ("/incident reopen it is back", "it is back"),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_typing_in_a_room_not_yet_known_to_be_closed_is_answered_with_where_the_post_went(
    world: World, deed: str
) -> None:
    room = await declared(world)
    await world.ben.joins(room)
    if deed == "reopen":
        await asked(world, "eve", "/incident resolve", room)
    await unheard(world, "left", room)
    typed, words = DEEDS[deed]
    await asked(world, "ben", typed, room)
    heard = [words_of(one) for one in world.pages_of("ben")]
    assert [one for one in heard if room.name in one and "posted where incidents are announced" in one], heard
    assert any(words in one for one in world.said_in("#incidents"))


async def test_typing_in_the_closed_room_of_a_private_incident_says_that_only_its_lead_got_it(
    world: World,
) -> None:
    room = await declared(world, "private")
    await world.eve.invites("ben", room)
    await unheard(world, "left", room)
    await asked(world, "ben", "/incident update the key was stolen", room)
    heard = [words_of(one) for one in world.pages_of("ben")]
    assert any("sent only to its lead" in one for one in heard), heard
    assert any("the key was stolen" in words_of(one) for one in world.pages_of("eve"))


LED_FROM_OUTSIDE = RUNBOOK.replace("cleo@example.com,", "cleo@elsewhere.example.com,")


async def test_posts_for_a_private_incidents_closed_room_go_to_another_member_if_the_lead_is_not_in_slack(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=LED_FROM_OUTSIDE) as world:
        room = await declared(world, "private")
        await asked(world, "eve", "/incident lead INC-1 cleo")
        await world.eve.invites("ben", room)
        await unheard(world, "left", room)
        await asked(world, "ben", "/incident update the key was stolen", room)
        assert any("the key was stolen" in words_of(one) for one in world.pages_of("eve"))
        heard = [words_of(one) for one in world.pages_of("ben")]
        assert any(f"sent only to <@{world.eve.id}>" in one for one in heard), heard
        assert not any("its lead" in one for one in heard)


async def test_posts_for_a_private_incidents_closed_room_go_to_the_acknowledger_if_the_lead_has_left(
    world: World,
) -> None:
    room = await declared(world, "private P1")
    await world.eve.invites("ben", room)
    await asked(world, "ada", "/incident ack", room)
    await asked(world, "eve", "/incident lead cleo", room)
    world.workspace.users[world.cleo.id].deleted = True
    await world.house.leavers.look()
    await unheard(world, "left", room)
    await asked(world, "ben", "/incident update the key was stolen", room)
    heard = {
        who for who in ("ada", "cleo", "eve") if "the key was stolen" in "".join(map(words_of, world.pages_of(who)))
    }
    assert heard == {"ada"}
    said = [words_of(one) for one in world.pages_of("ben")]
    assert any("sent only to Ada Obi" in one for one in said), said


async def test_the_lead_is_told_once_that_the_room_is_closed_when_typing_in_it(world: World) -> None:
    room = await declared(world)
    await unheard(world, "left", room)
    await asked(world, "eve", "/incident update the queue drains", room)
    assert len([one for one in world.pages_of("eve") if room.name in words_of(one)]) == 1


async def closed_and_opened_unheard(world: World) -> Channel:
    """Archive `#incidents`, then unarchive it with Slack's event about that lost."""
    await closed_announcements(world)
    await world.settled()
    assert (await readyz(world))[1]["channels_closed"] == {"#incidents": "archived"}
    channel = world.workspace.channel("#incidents")
    channel.archived = False
    return channel


async def test_a_channel_that_accepts_a_message_counts_as_open_even_if_the_event_was_lost(world: World) -> None:
    await world.settled()
    channel = await closed_and_opened_unheard(world)
    channel.members.append(world.workspace.bot.id)
    await declared(world)
    assert (await readyz(world))[1]["channels_closed"] == {}


async def test_closed_channels_are_checked_again_and_missed_posts_made_up_for(world: World) -> None:
    await world.settled()
    await closed_and_opened_unheard(world)
    await declared(world)
    assert not any("INC-1" in words for words in world.said_in("#incidents"))
    await world.house.closures.look_again()
    await world.settled()
    assert any("INC-1" in words for words in world.said_in("#incidents"))
    assert (await readyz(world))[1]["channels_closed"] == {}


async def looked_at_rooms(world: World) -> int:
    """Check every room that is due for it, and return how many there were."""
    count = 0
    while await world.house.room_looks.look():
        count += 1
    await world.settled()
    return count


@pytest.mark.parametrize("how", ["archived", "left"])
async def test_a_room_closed_without_an_event_is_noticed_before_anybody_posts_in_it(world: World, how: str) -> None:
    room = await declared(world)
    await world.passes(minutes=6)
    await unheard(world, how, room)
    assert await looked_at_rooms(world) == 1
    assert len([one for one in world.pages_of("eve") if room.name in words_of(one)]) == 1
    assert (await readyz(world))[1]["channels_closed"] == {f"#{room.name} of INC-1": how}

    room.archived = False
    room.members.append(world.workspace.bot.id)
    await world.passes(minutes=6)
    assert await looked_at_rooms(world) == 1
    assert (await readyz(world))[1]["channels_closed"] == {}


async def test_a_room_is_checked_by_one_process_at_intervals_and_only_while_its_incident_is_open(
    world: World,
) -> None:
    await declared(world)
    assert await looked_at_rooms(world) == 0
    await world.passes(minutes=6)
    async with world.joined() as second:
        assert await second.services.room_looks.look()
        assert await looked_at_rooms(world) == 0
    await asked(world, "eve", "/incident resolve INC-1 a certificate")
    await world.passes(minutes=6)
    assert await looked_at_rooms(world) == 0
