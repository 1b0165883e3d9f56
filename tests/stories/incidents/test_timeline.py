"""The timeline of an incident: notes, and messages added by a pushpin or a shortcut with their author and time."""

import asyncio
from typing import Any

from bot.domain.actor import Actor
from bot.sandbox import interactions
from bot.sandbox.delivery import AppRequest
from bot.sandbox.model import Channel, Message
from tests.stories.asking import ask, asked, declared, notes, timeline, told, whispered
from tests.stories.upkeep.connections import delivered
from tests.world import World, words_of

UNREADABLE = "needs the scope channels:history"


async def test_a_note_is_kept_as_it_was_typed(world: World) -> None:
    room = await declared(world)
    words = "R&D: a < b, @ada saw it in #general, see https://example.com/x?a=1&b=2 or mail ops@example.com"
    assert "s timeline" in await ask(world, "eve", f"/incident note {words}", room)
    assert await notes(world) == [words.replace("@ada", "@Ada Obi")]
    world.nothing_else_was_sent()


async def test_people_mentioned_in_a_note_appear_by_name_even_if_the_runbook_does_not_list_them(world: World) -> None:
    room = await declared(world)
    await ask(world, "eve", "/incident note @finn told the press, @ada agreed", room)
    assert await notes(world) == ["@Finn Hale told the press, @Ada Obi agreed"]


async def test_a_note_is_kept_even_if_slack_does_not_return_a_name(world: World) -> None:
    room = await declared(world)
    world.workspace.faults.refuse("users.info", "fatal_error")
    await ask(world, "eve", "/incident note @finn told the press", room)
    assert await notes(world) == ["@U0FINN told the press"]


async def test_a_note_without_text_opens_a_form(world: World) -> None:
    room = await declared(world)
    await asked(world, "eve", "/incident note", room)
    await world.eve.submits(values={"Note": "First line\nsecond line & <more>"})
    await world.settled()
    assert await notes(world) == ["First line\nsecond line & <more>"]
    assert "s timeline" in words_of(whispered(world, "eve", room)[-1])
    world.nothing_else_was_sent()


async def test_a_pushpin_keeps_the_messages_own_author_and_time(world: World) -> None:
    room = await declared(world)
    await world.dev.joins(room)
    message = await world.dev.says("It began with the deploy of @ben, see https://ci.example.com", room)
    await world.passes(minutes=7)
    await world.eve.reacts("pushpin", message)
    await world.settled()

    (entry,) = [one for one in await world.house.incidents.timeline(1) if one.kind == "note"]
    assert (entry.actor, entry.text) == ("U0DEV", "It began with the deploy of @Ben Moss, see https://ci.example.com")
    assert entry.at.timestamp() == float(message.ts)
    assert "Added to *INC-1*'s timeline." in words_of(whispered(world, "eve", room)[-1])
    world.nothing_else_was_sent()


async def test_a_bots_message_added_to_the_timeline_names_the_bot_as_its_source(world: World) -> None:
    room = await declared(world)
    await world.eve.reacts("pushpin", world.card())
    # A message of an integration without an account.
    url = world.workspace.response_urls.give(room.id, world.eve.id)
    taken = interactions.message_shortcut(world.workspace, world.eve.user, world.card(), "add_to_timeline", url)
    said: dict[str, Any] = {
        "subtype": "bot_message", "bot_id": "B0CI", "username": "CI", "text": "Deployed 1.2", "ts": "1786024900.1",
    }  # fmt: skip
    await delivered(world, AppRequest("interactive", taken.payload | {"message": said}))
    kept = [(who, words.splitlines()[0]) for kind, who, words in await timeline(world) if kind == "note"]
    assert [who for who, words in kept if "INC-1" in words] == ["tocsin"]
    assert [(who, words) for who, words in kept if "Deployed" in words] == [("U0EVE", "CI: Deployed 1.2")]

    # A message of monitoring, which has attachments but no text.
    attached = [{"title": "[FIRING:1] Checkout is slow", "fields": [{"title": "Instance", "value": "web-1"}]}]
    said |= {"text": "", "attachments": attached, "ts": "1786024901.1"}
    said |= {"username": None, "bot_profile": {"name": "Alertmanager"}}
    taken = interactions.message_shortcut(world.workspace, world.eve.user, world.card(), "add_to_timeline", url)
    await delivered(world, AppRequest("interactive", taken.payload | {"message": said}))
    noted = [words for kind, _, words in await timeline(world) if kind == "note"]
    assert noted[-1] == "Alertmanager: [FIRING:1] Checkout is slow\nInstance: web-1"
    asked = interactions.message_shortcut(world.workspace, world.eve.user, world.card(), "declare_from_message", url)
    await delivered(world, AppRequest("interactive", asked.payload | {"message": said}))
    assert world.eve.modal().values["title"]["text"]["value"] == "[FIRING:1] Checkout is slow"
    await world.eve.submits()
    await world.settled()
    assert "a message> by Alertmanager" in words_of(world.card("INC-2"))


async def test_a_message_is_in_the_timeline_once_however_often_it_is_added(world: World) -> None:
    room = await declared(world)
    message = await world.eve.says("We roll back", room)
    await world.eve.reacts("pushpin", message)
    await world.settled()
    await world.ada.reacts("pushpin", message)
    await world.settled()
    await world.eve.unreacts("pushpin", message)
    await world.eve.reacts("pushpin", message)
    await world.settled()
    answer = await world.eve.uses_shortcut("add_to_timeline", message)
    await world.settled()

    assert await notes(world) == ["We roll back"]
    assert "*INC-1* already has this" in told(answer)
    world.nothing_else_was_sent()


async def test_a_message_in_a_thread_can_be_added_to_the_timeline(world: World) -> None:
    room = await declared(world)
    first = await world.eve.says("What do we know?", room)
    reply = await world.ada.says("The disk is full", room, thread_ts=first.ts)
    await world.eve.reacts("pushpin", reply)
    await world.settled()
    answer = await world.eve.uses_shortcut("add_to_timeline", first)
    await world.settled()
    assert sorted(await notes(world)) == ["The disk is full", "What do we know?"]
    assert "s timeline" in told(answer)


async def test_other_reactions_and_pushpins_outside_a_room_are_ignored(world: World) -> None:
    room = await declared(world)
    await world.eve.reacts("tada", await world.eve.says("Lunch?", room))
    await world.eve.invites("tocsin", "#random")
    await world.eve.reacts("pushpin", await world.eve.says("Lunch!", "#random"))
    await world.settled()
    assert await notes(world) == []
    assert whispered(world, "eve", room) == whispered(world, "eve", "#random") == []
    world.nothing_else_was_sent()


async def test_add_to_timeline_outside_a_room_says_that_it_is_no_incident_channel(world: World) -> None:
    await declared(world)
    answer = await world.eve.uses_shortcut("add_to_timeline", await world.eve.says("Hm", "#random"))
    await world.settled()
    assert "isn't an incident's channel" in told(answer)
    assert await notes(world) == []


async def test_a_message_the_bot_cannot_read_is_reported_with_the_missing_scope_and_retried(world: World) -> None:
    room = await declared(world)
    message = await world.eve.says("We roll back", room)
    world.workspace.faults.withhold("channels:history")
    await world.eve.reacts("pushpin", message)
    await world.settled()
    said = words_of(whispered(world, "eve", room)[-1])
    assert "Not done yet" in said and UNREADABLE in said

    world.workspace.faults.clear()
    await world.passes(seconds=30)
    assert await notes(world) == ["We roll back"], "it is tried again when the scope is there"
    world.nothing_else_was_sent()


async def test_the_timeline_lists_everything_oldest_first(world: World) -> None:
    room = await declared(world)
    await ask(world, "ada", "/escalate ack", room)
    await ask(world, "eve", "/incident note we roll back", room)
    await ask(world, "eve", "/incident resolve a bad deploy", room)
    said = await ask(world, "eve", "/incident timeline", room)

    order = ["*declared* <@U0EVE>: Payments failing", "*paged*", "*acknowledged* Ada Obi", "*note*", "*resolved*"]
    places = [said.index(words) for words in order]
    assert places == sorted(places)
    assert said.startswith("*Timeline of INC-1*")


async def test_a_timeline_too_long_for_one_message_is_offered_as_a_file(world: World) -> None:
    room = await declared(world)
    for number in range(40):
        await world.house.notes.note(Actor("ada", "U0ADA"), 1, f"{number} " + "<&>" * 600)
    answer = await asked(world, "eve", "/incident timeline", room)
    (said,) = answer.messages
    assert sum(len(one["text"]["text"]) for one in said.blocks or [] if one["type"] == "section") <= 12_000
    assert "39 &lt;" in told(answer) and "earlier entries not shown" in told(answer)

    await world.eve.presses("All as a file", said)
    await world.settled()
    (file,) = [file for file in world.workspace.files.values() if room.id in file.channels]
    assert file.content is not None and b"0 <&><&>" in file.content and b"declared" in file.content


async def long_timeline(world: World) -> tuple[Channel, Message]:
    """The room, and the answer that offers the whole timeline as a file."""
    room = await declared(world)
    for number in range(40):
        await world.house.notes.note(Actor("ada", "U0ADA"), 1, f"{number} " + "x" * 1500)
    return room, (await asked(world, "eve", "/incident timeline", room)).messages[0]


def files_in(world: World, room: Channel) -> list[Message]:
    return [message for message in world.workspace.messages(room) if message.files]


async def test_the_file_of_a_timeline_is_posted_once_for_a_double_click_on_two_processes(world: World) -> None:
    room, said = await long_timeline(world)
    async with world.joined():
        await asyncio.gather(*(world.eve.presses("All as a file", said) for _ in range(3)))
        await world.settled()
        await world.eve.presses("All as a file", said)
        await world.settled()
    assert len(files_in(world, room)) == 1


async def test_a_timeline_file_whose_upload_got_no_response_is_not_posted_again(world: World) -> None:
    room, said = await long_timeline(world)
    world.workspace.faults.drop("files.completeUploadExternal", times=1, after=True)
    await world.eve.presses("All as a file", said)
    await world.passes(seconds=30)
    assert len(files_in(world, room)) == 1


async def test_the_person_who_asked_for_the_file_is_told_if_slack_refuses_it(world: World) -> None:
    room, said = await long_timeline(world)
    room.archived = True
    await world.eve.presses("All as a file", said)
    await world.settled()
    assert any("was not posted" in words_of(one) for one in world.pages_of("eve"))
    assert files_in(world, room) == []


async def test_a_long_timeline_shows_the_newest_entries_and_says_what_is_left_out(world: World) -> None:
    room = await declared(world)
    for number in range(70):
        await world.house.notes.note(world.house.people.actor("U0EVE"), 1, f"entry {number} " + "x" * 600)
    said = await ask(world, "eve", "/incident timeline", room)
    assert "earlier entries not shown" in said
    assert "entry 69" in said and "entry 5 " not in said
    assert [str(one) for one in world.workspace.complaints] == []
