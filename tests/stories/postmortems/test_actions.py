"""Action items after an incident: due dates, reminders, handing over, and never being forgotten."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bot.sandbox.model import Message
from tests.stories.asking import ask, declared
from tests.stories.postmortems.test_postmortems import in_api, labels
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


def last(world: World, sign: str) -> Message:
    """The room's newest message with these words."""
    return [one for one in world.workspace.messages(world.room()) if sign in words_of(one)][-1]


def reminders(world: World, place: str) -> list[str]:
    return [words for words in world.said_in(place) if words.startswith("⏰ *Action")]


async def test_an_action_typed_in_plain_words_is_shown_in_the_room_and_the_api(new_world: NewWorld) -> None:
    async with new_world(API_TOKEN="lookout") as world:
        room = await declared(world)
        await ask(world, "eve", "/incident resolve fixed", room)
        typed = "/incident action @ada Alert by mail on lag https://tickets.example.com/7 by Tuesday next week"
        await ask(world, "eve", typed, room)
        assert (await in_api(world))["actions"] == [
            {
                "what": "Alert by mail on lag",
                "owner": "ada",
                "due_at": "2026-08-11T16:00:00.000Z",
                "done_at": None,
                "link": "https://tickets.example.com/7",
            }
        ]
        assert labels(last(world, "Alert by mail")) == ["Done", "More time", "Hand over"]
        refused = await ask(world, "eve", "/incident action @ada Something", room)
        assert "By when?" in refused
        await world.ada.presses("Done", last(world, "Alert by mail"))
        await world.settled()
        assert "Action done" in words_of(last(world, "Alert by mail")) and labels(last(world, "Alert by mail")) == []
        assert (await in_api(world))["actions"][0]["done_at"] == "2026-08-06T14:00:00.000Z"


async def test_an_actions_owner_is_reminded_the_day_before_when_due_and_weekly_until_it_is_done(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/incident resolve fixed", room)
    await ask(world, "eve", "/incident action @ada Rebuild the index by Monday 14:00", room)
    await world.passes(days=2, hours=23)
    counts = [len(reminders(world, room.id))]
    for step in ({"hours": 1}, {"days": 1}, {"days": 6}, {"days": 1}):
        await world.passes(**step)
        counts.append(len(reminders(world, room.id)))
    assert counts == [1, 1, 2, 2, 3]
    await world.ada.presses("More time", last(world, "⏰ *Action"))
    await world.passes(days=5)
    assert len(reminders(world, room.id)) == 3
    await world.passes(days=1)
    await world.ada.presses("Done", last(world, "⏰ *Action"))
    await world.passes(days=40)
    assert len(reminders(world, room.id)) == 4


async def test_an_action_handed_over_notifies_its_new_owner_and_adds_them_to_the_room(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/incident action @ada Rebuild the index by Friday", room)
    await world.eve.presses("Hand over", last(world, "Rebuild"))
    await world.settled()
    await world.eve.submits(values={"To whom": world.ben.id})
    await world.settled()
    assert "is yours now" in words_of(last(world, "Rebuild")) and world.ben.id in words_of(last(world, "Rebuild"))
    assert world.ben.id in room.members


async def test_open_actions_are_listed_once_on_the_first_working_day_of_a_month(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/incident action @ada Rebuild the index by Friday", room)
    await ask(world, "eve", "/incident private P3 Data copied")
    await ask(world, "eve", "/incident action INC-2 @eve Ask the lawyers by Friday")
    await ask(world, "eve", "/incident resolve INC-2 all found")
    async with world.joined():
        await world.passes(days=26, hours=17)
        assert [one for one in world.said_in("#incidents") if "still open" in one] == []
        await ask(world, "eve", "/incident resolve INC-1 fixed", room)
        await world.passes(days=30)
    (listed,) = [one for one in world.said_in("#incidents") if "still open" in one]
    assert "Rebuild the index" in listed and "lawyers" not in listed and "overdue" in listed


async def test_a_list_without_a_channel_to_post_in_is_posted_once_there_is_one(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/incident action @ada Rebuild the index by Friday", room)
    await ask(world, "eve", "/incident resolve fixed", room)
    async with world.house.db.statement() as conn:
        known = await (
            await conn.execute("DELETE FROM channels WHERE name = 'incidents' RETURNING slack_id")
        ).fetchone()
    await world.passes(days=27)
    async with world.house.db.statement() as conn:
        await conn.execute("INSERT INTO channels (name, slack_id) VALUES ('incidents', %s)", (known["slack_id"],))
    await world.passes(minutes=6)
    assert len([one for one in world.said_in("#incidents") if "still open" in one]) == 1


async def test_nobody_outside_a_private_incident_gets_its_actions_or_post_mortem(world: World) -> None:
    await ask(world, "eve", "/incident private P3 Data copied")
    await ask(world, "eve", "/incident resolve INC-1 all found")
    await ask(world, "eve", "/incident postmortem INC-1")
    for deed in ("action INC-1 @ben Ask the lawyers by Friday", "postmortem INC-1 owner @ben"):
        assert "isn't in it" in await ask(world, "eve", f"/incident {deed}"), deed
