"""Only its members can see a private incident, wherever others look and whatever they press."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import aiohttp
import pytest
from psycopg import AsyncConnection

from bot.sandbox.model import Channel
from tests.stories.alerts.monitoring import WITH_ALERTS
from tests.stories.asking import ask, asked, timeline
from tests.stories.incidents.outsider import BUTTONS, FORMS, VERBS, Outsider, outsider
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

TITLE = "Passport scans were copied"
AUDIENCES = "audiences: {board: {slack: ['#general'], automatic: true}}\n"


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    """Eve has declared a private incident, for which Ada was paged."""
    runbook = WITH_ALERTS.replace("user_facing: true\n", "user_facing: true\n    tell: [board]\n", 1) + AUDIENCES
    async with new_world(runbook=runbook, API_TOKEN="lookout") as world:
        await ask(world, "eve", f"/incident private P1 {TITLE}")
        yield world


def room_of(world: World) -> Channel:
    return world.workspace.channel(world.room("INC-1"))


def learned(world: World, person: Outsider) -> list[str]:
    """The words that give the incident away, among all that was on their screen."""
    room = room_of(world)
    return re.findall(rf"assport|copied|{room.id}|{room.name}(?![\w-])", person.saw)


async def changed_nothing(world: World, before: list[tuple[str, str, str]]) -> None:
    assert await timeline(world) == before
    assert (await world.house.incidents.find("INC-1")).is_open


async def test_a_private_incident_has_a_private_room_named_by_its_reference_and_posts_nowhere_else(town: World) -> None:
    room = room_of(town)
    assert room.kind == "private" and room.name == "inc-2026-08-06-inc-1"
    assert "assport" not in room.topic and "assport" not in room.purpose
    places = {place for place, words in town.posts() if "INC-1" in words or "assport" in words}
    assert places == {"ada", f"#{room.name}"}
    await ask(town, "eve", "/incident resolve INC-1 All of it was found", room)
    assert {place for place, _ in town.posts()} <= {"ada", f"#{room.name}"}


async def test_an_outsider_learns_from_no_command_more_than_that_the_incident_is_private(town: World) -> None:
    dev = await outsider(town)
    before = await timeline(town)
    for verb in VERBS:
        await dev.types(f"{verb} INC-1 P3 x")
    for typed in (
        "/incident",
        "/escalate",
        "/health",
        "/backup",
        "/incident INC-1",
        "/incident list all",
        "/incident #1",
    ):
        await dev.types(typed)
    await dev.looks_everywhere()
    assert learned(town, dev) == []
    await changed_nothing(town, before)


async def test_no_forged_button_shows_or_changes_a_private_incident(town: World) -> None:
    dev = await outsider(town)
    before = await timeline(town)
    for action in BUTTONS:
        await dev.presses(action, "1 board")
    for action, value in (("nudge.snooze", "1 lead 15"), ("audience.snooze", "1 15")):
        assert "Snoozed" not in await dev.presses(action, value)
    await dev.looks_everywhere()
    assert learned(town, dev) == []
    await changed_nothing(town, before)


async def test_no_forged_form_shows_or_changes_a_private_incident(town: World) -> None:
    dev = await outsider(town)
    before = await timeline(town)
    for callback in FORMS:
        await dev.submits(callback, "1 board")
    await dev.looks_everywhere()
    assert learned(town, dev) == []
    await changed_nothing(town, before)


async def test_a_list_shows_a_private_incident_in_full_only_to_its_members(town: World) -> None:
    listed = await ask(town, "dev", "/incident list")
    assert "*INC-1* (private)" in listed and "P1" not in listed and "Ada" not in listed
    assert f"<#{room_of(town).id}>" in await ask(town, "eve", "/incident list")
    assert TITLE in await ask(town, "ada", "/incident list all")


async def test_the_api_shows_that_a_private_incident_exists_but_not_what_it_is(town: World) -> None:
    await ask(town, "eve", "/incident lead INC-1")
    await ask(town, "eve", "/incident note INC-1 The passport scans are in a public bucket")
    base, headers = f"http://127.0.0.1:{town.app.port}/api/v1/incidents", {"Authorization": "Bearer lookout"}
    async with aiohttp.ClientSession(headers=headers) as http:
        [listed] = (await (await http.get(base)).json())["incidents"]
        shown = await (await http.get(f"{base}/INC-1")).json()
    for one in (listed, shown):
        assert (one["title"], one["private"], one["severity"]) == ("Private incident", True, "P1")
        assert (one["channel"], one["lead"], one["acknowledged_by"]) == (None, None, None)
    assert (shown["timeline"], shown["pages"], shown["updates"]) == ([], [], [])


async def test_a_person_added_by_a_member_is_invited_and_sees_the_incident(town: World) -> None:
    await ask(town, "eve", "/incident add INC-1 @dev")
    assert town.dev.id in room_of(town).members
    assert TITLE in await ask(town, "dev", "/incident show INC-1")
    assert [who for kind, who, words in await timeline(town) if words.startswith("added")] == ["U0EVE"]
    assert any("added <@U0DEV>" in words for words in town.said_in(room_of(town).id))


async def test_a_removed_member_leaves_the_channel_and_can_neither_see_nor_change_the_incident(town: World) -> None:
    room = room_of(town)
    await ask(town, "ada", "/incident note INC-1", room)
    form = town.ada.modal()
    await ask(town, "eve", "/incident remove INC-1 @ada", room)
    assert town.ada.id not in room.members
    assert "INC-1 is private" in await ask(town, "ada", "/incident show INC-1")
    assert "assport" not in await ask(town, "ada", "/incident list")
    [page] = town.pages_of("ada")
    assert "assport" not in words_of(page) and not town.ada.labels(page)
    before = await timeline(town)
    await town.ada.submits(form, values={"Note": "I am still here"})
    await town.settled()
    assert await timeline(town) == before
    assert before[-1][:2] == ("system", "U0EVE") and "removed Ada Obi" in before[-1][2]


async def test_a_removed_member_is_back_when_added_given_a_role_or_paged(town: World) -> None:
    room = room_of(town)
    for again in ("/incident add INC-1 @ada", "/incident role INC-1 scribe @ada"):
        await ask(town, "eve", "/incident remove INC-1 @ada", room)
        assert town.ada.id not in room.members
        await ask(town, "eve", again, room)
        assert town.ada.id in room.members
        assert TITLE in await ask(town, "ada", "/incident show INC-1")
        assert TITLE in words_of(town.pages_of("ada")[0])
        await ask(town, "eve", "/incident role INC-1 scribe @eve", room)
    await ask(town, "eve", "/incident remove INC-1 @ada", room)
    await town.passes(minutes=1)
    await ask(town, "eve", "/escalate INC-1 @ada She alone knows the bucket", room)
    assert town.ada.id in room.members
    assert TITLE in await ask(town, "ada", "/incident show INC-1")


async def test_a_member_with_a_role_cannot_be_removed(town: World) -> None:
    await ask(town, "ada", "/incident lead INC-1")
    assert "has the role lead" in await ask(town, "eve", "/incident remove INC-1 @ada")
    await ask(town, "ada", "/incident remove INC-1 @eve")
    assert "INC-1 is private" in await ask(town, "eve", "/incident members INC-1")
    shown = await ask(town, "ada", "/incident members INC-1")
    assert "1 person" in shown and "Ada Obi" in shown and "Removed" in shown


async def test_a_person_invited_in_slack_becomes_a_member_and_stays_one_after_leaving(town: World) -> None:
    room = room_of(town)
    await town.eve.invites("finn", room)
    await town.settled()
    assert TITLE in await ask(town, "finn", "/incident show INC-1")
    await town.finn.leaves(room)
    await town.settled()
    assert TITLE in await ask(town, "finn", "/incident show INC-1")
    await town.finn.opens_home()
    await town.settled()
    await town.finn.presses("Join INC-1", town.finn.home())
    await town.settled()
    assert town.finn.id in room.members


async def test_the_room_is_told_if_slack_refuses_to_remove_a_member(town: World) -> None:
    room = room_of(town)
    town.workspace.faults.refuse("conversations.kick", "restricted_action", times=None)
    await ask(town, "eve", "/incident remove INC-1 @ada", room)
    for _ in range(4):
        await town.passes(minutes=1)
    assert any("can still be in this channel" in words for words in town.said_in(room.id))
    assert "INC-1 is private" in await ask(town, "ada", "/incident show INC-1", room)


async def test_removing_a_member_is_retried_if_slack_fails_at_first(town: World) -> None:
    room = room_of(town)
    town.workspace.faults.refuse("conversations.kick", "internal_error")
    await ask(town, "eve", "/incident remove INC-1 @ada", room)
    # As in a process that doesn't know her account yet.
    for known in (town.house.people._accounts, town.house.people._looked_up_at):
        known.clear()
    town.workspace.faults.refuse("users.lookupByEmail", "internal_error", times=2)
    for _ in range(4):
        await town.passes(minutes=1)
    assert town.ada.id not in room.members


async def test_a_removed_member_whom_slack_lets_in_late_is_removed_again(town: World) -> None:
    room = room_of(town)
    town.workspace.faults.lag("conversations.invite", when=lambda sent: sent["users"] == town.dev.id)
    await ask(town, "eve", "/incident add INC-1 @dev")
    await town.passes(seconds=20)
    await ask(town, "eve", "/incident remove INC-1 @dev", room)
    assert town.dev.id not in room.members
    town.workspace.faults.catch_up()
    assert town.dev.id in room.members
    await town.settled()
    assert town.dev.id not in room.members
    assert "INC-1 is private" in await ask(town, "dev", "/incident show INC-1")


async def test_a_member_added_again_whom_slack_removes_late_is_invited_again(town: World) -> None:
    """And a removed one whom Slack lets in late is removed, even if the event about that is lost."""
    room, faults = room_of(town), town.workspace.faults
    await ask(town, "eve", "/incident add INC-1 @dev", room)
    faults.lag("conversations.kick")
    faults.lag("conversations.invite", when=lambda sent: sent["users"] == town.finn.id)
    await ask(town, "eve", "/incident remove INC-1 @dev", room)
    await ask(town, "eve", "/incident add INC-1 @finn", room)
    await town.passes(seconds=20)
    await ask(town, "eve", "/incident add INC-1 @dev", room)
    await ask(town, "eve", "/incident remove INC-1 @finn", room)
    assert town.dev.id in room.members and town.finn.id not in room.members

    faults.catch_up()
    assert town.dev.id not in room.members
    await town.settled()
    room.members.append(town.finn.id)
    await town.passes(minutes=2)
    assert town.dev.id in room.members and town.finn.id not in room.members


async def test_members_can_be_removed_only_from_a_private_incident(town: World) -> None:
    await ask(town, "eve", "/incident declare P3 Search is slow")
    assert "isn't private" in await ask(town, "eve", "/incident remove INC-2 @ada")
    assert "isn't private" in await ask(town, "eve", "/incident members INC-2")
    await asked(town, "eve", "/incident add INC-2 @finn")
    assert town.finn.id in town.workspace.channel(town.room("INC-2")).members


async def test_pages_waiting_for_a_removed_member_are_cancelled(town: World, database: str) -> None:
    """For example a mail that the server deferred, with the title in its subject."""
    async with await AsyncConnection.connect(database) as conn:
        await conn.execute("UPDATE pages SET state = 'waiting' WHERE person = 'ada'")
    await ask(town, "eve", "/incident remove INC-1 @ada", room_of(town))
    async with await AsyncConnection.connect(database) as conn:
        rows = await (await conn.execute("SELECT state FROM pages WHERE person = 'ada'")).fetchall()
    assert {row[0] for row in rows} == {"cancelled"}


@pytest.mark.parametrize("verb", ["tell", "tell board", "maintenance", "maintenance Copied scans at in 4h for 2h"])
async def test_nothing_typed_in_a_private_room_is_published(town: World, verb: str) -> None:
    room = town.room("INC-1")
    before = {place: len(town.workspace.messages(place)) for place in ("#general", "#incidents")}
    answer = await ask(town, "eve", f"/incident {verb}", room)
    assert "INC-1" in answer and "private" in answer
    await town.passes(hours=5)
    assert {place: len(town.workspace.messages(place)) for place in before} == before
    assert (await town.house.windows.newest())[0] == []
    await ask(town, "eve", "/incident maintenance Copied scans at in 4h for 2h", "#general")
    assert "M-1" in await ask(town, "eve", "/incident maintenance list", room)


def elsewhere(world: World) -> str:
    """Everything in the public channels."""
    public = [one.id for one in world.workspace.conversations if one.kind == "public"]
    return "\n".join(words_of(one) for id in public for one in world.workspace.messages(id) if not one.ephemeral_for)


async def test_an_incident_declared_in_a_private_room_is_announced_only_after_a_confirmation(
    town: World,
) -> None:
    room = room_of(town)
    for typed in ("declare P2 Copied scans are for sale", "drill P2 Copied scans are for sale"):
        assert "INC-1" in await ask(town, "eve", f"/incident {typed}", room)
    assert len(await town.house.incidents.newest(open_only=False)) == 1

    answer = await asked(town, "eve", "/incident declare P2 Copied scans are for sale", room)
    await town.eve.presses("Declare it private", answer.messages[0])
    await town.settled()
    second = await town.house.incidents.find("INC-2")
    assert (second.private, second.severity, second.title) == (True, "P2", "Copied scans are for sale")
    assert "opied" not in elsewhere(town)

    answer = await asked(town, "eve", "/incident declare P2 Payments & mails fail", room)
    await town.eve.presses("Declare it to everybody", answer.messages[0])
    await town.settled()
    third = await town.house.incidents.find("INC-3")
    assert (third.private, third.severity, third.title) == (False, "P2", "Payments & mails fail")
    assert "mails fail" in elsewhere(town)


async def test_the_declaration_form_defaults_to_private_in_a_private_room(town: World) -> None:
    await ask(town, "eve", "/incident declare", room_of(town))
    await town.eve.submits(values={"title": "Copied scans are for sale"})
    await town.settled()
    assert (await town.house.incidents.find("INC-2")).private
    assert "opied" not in elsewhere(town)


async def test_a_silence_from_a_private_room_is_refused_if_its_reason_would_be_published(town: World) -> None:
    room = room_of(town)
    assert "INC-1" in await ask(town, "eve", "/health silence host=db-* 2h because the scans are copied", room)
    assert await town.house.silences.in_force() == []
    await ask(town, "eve", "/health silence host=db-* 2h", room)
    assert len(await town.house.silences.in_force()) == 1
    assert "opied" not in elsewhere(town)
