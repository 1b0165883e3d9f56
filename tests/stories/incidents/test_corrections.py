"""Corrections of the timeline: entries are moved or hidden with a reason, and follow their message when it changes."""

from bot.sandbox.model import Channel
from tests.stories.asking import ask, asked, declared, notes
from tests.world import World


async def corrects(world: World, who: str, room: Channel, entry: str, **values: str) -> None:
    """Fill in the correction form for the entry that contains this text."""
    answer = await asked(world, who, "/incident timeline", room)
    person = world.workspace.person(who)
    await person.presses("Correct an entry", answer.messages[0])
    await world.settled()
    [number] = [str(one.id) for one in await world.house.incidents.timeline(1) if entry in one.text]
    await person.submits(values={"entry": number, **values})
    await world.settled()


async def test_an_entry_can_be_moved_or_hidden_with_a_reason_and_the_export_shows_it(world: World) -> None:
    room = await declared(world)
    await world.passes(minutes=10)
    await ask(world, "ada", "/incident note Deploy 12", room)
    await ask(world, "ada", "/incident note password hunter2", room)
    await corrects(world, "ada", room, "Deploy", when="14:55", why="I was late")
    assert (await world.house.incidents.timeline(1))[0].text == "Deploy 12"
    await world.ben.joins(room)
    await corrects(world, "ben", room, "hunter2", shown="hide")
    assert len(await notes(world)) == 2
    await corrects(world, "ben", room, "hunter2", shown="hide", why="a secret")
    assert await notes(world) == ["Deploy 12"]
    assert "hunter2" not in await ask(world, "ada", "/incident timeline", room)
    before = await world.house.incidents.timeline(1)
    await corrects(world, "ada", room, "Payments failing", when="14:55", why="not what the bot saw")
    assert await world.house.incidents.timeline(1) == before
    text = world.house.documents.markdown(await world.house.records.of(1))
    assert "moved from Thu 06 Aug 2026 15:10 BST (I was late): note, Ada Obi: Deploy 12" in text
    assert "Ben Moss: hidden (a secret): note, Ada Obi: password hunter2" in text


async def test_an_entry_follows_the_edits_and_the_deletion_of_its_message(world: World) -> None:
    room = await declared(world)
    await world.ben.joins(room)
    first, second = await world.ben.says("Disk is full", room), await world.ben.says("Never mind", room)
    for message in (first, second):
        await world.ada.reacts("pushpin", message)
    await world.settled()
    await world.ben.edits(first, "Disk of *db-1* is full")
    await world.ben.edits(await world.ben.says("Not kept", room), "Still not kept")
    await world.ben.deletes(second)
    await world.settled()
    assert await notes(world) == ["Disk of *db-1* is full"]
    record = await world.house.records.of(1)
    assert [(one.what, one.actor, one.was_text) for one in record.changes] == [
        ("text", "ben", "Disk is full"), ("hidden", "tocsin", "Never mind"),
    ]  # fmt: skip
    text = world.house.documents.markdown(record)
    assert "(the message was deleted): note, Ben Moss: Never mind" in text and "Disk is full" in text
