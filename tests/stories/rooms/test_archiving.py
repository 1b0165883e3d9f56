"""The room of a resolved incident is archived once nobody needs it, with a file of everything about it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from bot.sandbox.model import Channel
from tests.stories.asking import ask, count
from tests.stories.rooms.test_closed_rooms import readyz
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
ARCHIVED = RUNBOOK + "channels: {archive_after: 2d}\n"


async def over(world: World, words: str) -> Channel:
    """The room of a resolved incident that was declared with these words."""
    await ask(world, "eve", f"/incident {words}")
    room = world.workspace.channel(world.room(f"INC-{await count(world)}"))
    await ask(world, "eve", "/incident resolve fixed", room)
    return room


def files(world: World, room: Channel) -> list[str]:
    return [file.name for file in world.workspace.files.values() if room.id in file.channels]


async def test_a_room_is_archived_once_after_its_file_is_posted_unless_it_is_needed_or_reopened(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=ARCHIVED) as world, world.joined() as other:
        drilled = await over(world, "drill P3 Slow reports")
        secret = await over(world, "private P3 Passport scans")
        needed = await over(world, "declare P3 Late mail")
        await ask(world, "eve", "/incident action @ada Rebuild the index by Monday 14:00", needed)
        reopened = await over(world, "declare P3 Wrong totals")
        by_hand = await over(world, "declare P3 Full disk")
        await world.eve.archives(by_hand)
        overtaken = await over(world, "declare P3 Lost parcels")
        await world.passes(days=1)
        await ask(world, "eve", "/incident reopen it is back", reopened)
        assert not drilled.archived
        world.workspace.faults.break_down(
            "conversations.archive", when=lambda given: bool(given["channel"] == overtaken.id)
        )
        world.sent_since()

        world.clock.move(timedelta(days=1))
        await asyncio.gather(*(one.archiving.take_due() for one in (world.house, other.services)))
        await world.settled()
        sent = world.sent_since()
        methods = ("files.completeUploadExternal", "conversations.archive")
        assert [one.method for one in sent if one.channel == drilled.id and one.method in methods] == [*methods]
        assert drilled.archived and len(files(world, drilled)) == 1
        assert secret.kind == "private" and secret.archived and len(files(world, secret)) == 1
        assert not (needed.archived or reopened.archived or files(world, needed) or files(world, reopened))
        assert not files(world, by_hand)
        assert not [one.text for one in sent if "archived" in (one.text or "")]
        assert (await readyz(world))[1]["channels_closed"] == {}

        # Its file is posted, but Slack has not archived the room yet.
        assert files(world, overtaken) and not overtaken.archived
        await ask(world, "eve", "/incident reopen INC-6 one is missing", overtaken)
        assert [words for words in world.said_in(overtaken.id) if "one is missing" in words]
        await world.passes(minutes=5)
        assert not overtaken.archived

        # Reopening an incident whose room is archived says so.
        said = await ask(world, "eve", "/incident reopen INC-1 once more")
        assert "is archived" in said
        action = [one for one in world.workspace.messages(needed.id) if "Rebuild the index" in words_of(one)][-1]
        await world.ada.presses("Done", action)
        # If its file can't be posted, the room stays open for another day.
        world.workspace.faults.refuse("files.getUploadURLExternal", "invalid_arguments")
        await world.passes(days=1)
        assert not needed.archived and not files(world, needed)
        # Nor is it forgotten if Slack fails for longer than a delivery is retried.
        world.workspace.faults.break_down("conversations.archive", times=2)
        await world.passes(days=1)
        await world.passes(hours=7)
        assert not needed.archived and len(files(world, needed)) == 1
        await world.passes(days=1)
        assert needed.archived
        assert not reopened.archived


async def test_a_room_that_slack_refuses_to_archive_is_told_why_once(new_world: NewWorld) -> None:
    async with new_world(runbook=ARCHIVED) as world:
        room = await over(world, "declare P3 Late mail")
        # As in a workspace where only admins may archive.
        world.workspace.faults.refuse("conversations.archive", "restricted_action", times=None)
        await world.passes(days=2)
        await world.passes(days=3)
        assert not room.archived and len(files(world, room)) == 1
        [said] = [words for words in world.said_in(room.id) if "restricted_action" in words]
        assert "stays open" in said


async def test_aftercare_items_left_undone_with_a_reason_do_not_keep_a_room_open(new_world: NewWorld) -> None:
    aftercare = "checklists: {aftercare: [{do: Thank the bank, within: 1h}, Write to the customers]}\n"
    async with new_world(runbook=ARCHIVED + aftercare) as world:
        room = await over(world, "declare P3 Late mail")
        await world.passes(days=3)
        assert not room.archived
        card = next(one for one in world.workspace.messages(room.id) if "Thank the bank" in words_of(one))
        await world.eve.presses("Leave undone", card)
        await world.settled()
        await world.eve.submits(values={"Why is the rest left undone?": "The bank has closed"})
        await world.settled()
        assert "The bank has closed" in world.house.documents.markdown(await world.house.records.of(1))
        await world.passes(days=1)
        assert room.archived
