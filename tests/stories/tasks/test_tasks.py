"""Tasks in an incident: somebody is asked to do something, and the room is asked when its time is up."""

from datetime import timedelta

from bot.doors.incident_json import in_full
from bot.sandbox.looking import labels
from bot.sandbox.model import Message
from tests.stories.asking import ask, declared, timeline
from tests.world import World, words_of


def shown(world: World, words: str) -> list[Message]:
    """The room's messages with these words, oldest first."""
    return [one for one in world.workspace.messages(world.room()) if words in words_of(one)]


async def tasks_of(world: World) -> list[tuple[str, str, str | None]]:
    found = await world.house.incident_tasks.of(await world.house.incidents.find("1"))
    return [(one.what, one.owner, one.done_by) for one in found]


async def test_a_task_is_shown_in_the_room_and_on_the_card_until_it_is_done(world: World) -> None:
    room = await declared(world, "P3 Slow reports")

    assert await ask(world, "ada", "/incident task @ben check the logs 15m", room) == ""
    await ask(world, "ada", "/incident task cleo restart the queue", room)
    message = shown(world, "check the logs")[-1]
    assert labels(message) == ["Done", "More time", "Hand over"]
    assert f"<@{world.ben.id}>" in words_of(message)
    assert f"<@{world.ben.id}>: check the logs" in words_of(world.card())
    assert f"<@{world.cleo.id}>: restart the queue" in words_of(world.card())

    await world.ben.presses("Done", message)
    await world.settled()
    assert labels(message) == [] and "Done" in words_of(message)
    assert "Ben Moss: 1 done" in words_of(world.card())
    assert await tasks_of(world) == [("check the logs", "ben", "ben"), ("restart the queue", "cleo", None)]
    assert [one[:2] for one in await timeline(world) if one[0] == "task"] == [
        ("task", "ada"), ("task", "ada"), ("task", "ben"),
    ]  # fmt: skip
    first, second = in_full(await world.house.records.of(1))["tasks"]
    assert (first["what"], first["owner"], first["done_by"]) == ("check the logs", "ben", "ben")
    assert first["due_at"] > first["done_at"] and second["due_at"] is None
    listed = await ask(world, "ada", "/incident task list", room)
    assert "restart the queue" in listed and "check the logs" in listed


async def test_when_a_tasks_time_is_up_the_room_is_asked_at_most_twice(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident lead", room)
    await ask(world, "ada", "/incident task @ben check the logs in 20 minutes", room)

    await world.passes(minutes=19, seconds=59)
    assert shown(world, "Time's up") == []
    await world.passes(seconds=1)
    (question,) = shown(world, "Time's up")
    assert labels(question) == ["Done", "More time", "Hand over"]
    await world.ben.presses("More time", question)
    await world.settled()
    assert labels(question) == []
    assert ["Done", "More time", "Hand over"] in [labels(one) for one in shown(world, "check the logs")]
    await world.passes(minutes=19)
    assert len(shown(world, "Time's up")) == 1
    for _ in range(4):
        await world.passes(hours=1)
    assert len(shown(world, "Time's up")) == 3


async def test_a_task_handed_over_notifies_its_new_owner(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident task @ben check the logs 15m", room)
    await world.passes(minutes=15)
    await world.ben.presses("Hand over", shown(world, "Time's up")[0])
    await world.settled()
    await world.ben.submits(values={"who": world.cleo.id})
    await world.settled()
    assert await tasks_of(world) == [("check the logs", "cleo", None)]
    assert f"<@{world.cleo.id}>" in words_of(shown(world, "is yours now")[0])
    again = await world.ben.presses("Done", shown(world, "is yours now")[0])
    await world.settled()
    assert again.text == ""
    assert all(labels(one) == [] for one in (*shown(world, "Time's up"), *shown(world, "is yours now")))


async def test_nobody_is_asked_after_the_end_nor_immediately_after_a_reopening(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident task @ben check the logs 15m", room)
    await ask(world, "ada", "/incident resolve fixed", room)
    await world.passes(hours=2)
    assert shown(world, "Time's up") == []
    await ask(world, "ada", "/incident reopen it is back", room)
    assert shown(world, "Time's up") == []
    await world.passes(minutes=15)
    assert len(shown(world, "Time's up")) == 1


async def test_an_invalid_task_is_answered_with_a_sentence_and_changes_nothing(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    world.workspace.users[world.dev.id].deleted = True
    for typed, said in (
        ("@dev check the logs", "in this workspace"),
        ("somebody check the logs", "I don't know anybody"),
        ("@ben", "Type what has to be done"),
        ("@ben check the logs 90d", "from 1m to 30d"),
        ("@ben check the logs -5m", "can't be read as a time"),
        ("@ben check the logs 0.5h", "can't be read as a time"),
        ("@ben check the logs 99999999999999999999h", "can't be read as a time"),
        ("@ben 15m", "Type what has to be done"),
    ):
        assert said in await ask(world, "ada", f"/incident task {typed}", room), typed
    assert await tasks_of(world) == []
    await ask(world, "ada", "/incident task check the logs, please @ben 1h", room)
    assert await tasks_of(world) == [("check the logs, please", "ben", None)]
    await ask(world, "ada", "/incident resolve fixed", room)
    assert "is resolved" in await ask(world, "ada", "/incident task @ben more", room)


async def test_without_arguments_a_form_opens(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident task", room)
    await world.ada.submits(values={"who": world.dev.id, "what": "check the logs", "span": "2 hours"})
    await world.settled()
    (task,) = await world.house.incident_tasks.of(await world.house.incidents.find("1"))
    assert (task.owner, task.span) == (world.dev.id, timedelta(hours=2))


async def test_a_task_reveals_no_private_incident(world: World) -> None:
    await ask(world, "ada", "/incident private P3 Keys lost")
    room = world.workspace.channel(world.room())
    assert "isn't in it" in await ask(world, "ada", "/incident task @cleo check the logs", room)
    await ask(world, "ada", "/incident task me check the logs", room)
    message = shown(world, "check the logs")[-1]
    answer = await world.house.incident_tasks.find(1)
    assert answer.owner == "ada" and labels(message)


async def test_two_processes_ask_once_when_a_tasks_time_is_up(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident task @ben check the logs 15m", room)
    async with world.joined():
        await world.passes(minutes=15)
    assert len(shown(world, "Time's up")) == 1


async def test_a_question_asked_before_the_end_loses_its_buttons_at_the_end(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident task @ben check the logs 15m", room)
    await world.passes(minutes=15)
    (question,) = shown(world, "Time's up")
    said = words_of(question)
    await ask(world, "ada", "/incident resolve fixed", room)
    assert labels(question) == [] and said.startswith(words_of(question))


async def test_when_a_question_is_repeated_only_the_newer_one_has_buttons(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident task @ben check the logs 15m", room)
    for _ in range(2):
        await world.passes(minutes=15)
    first, second = shown(world, "Time's up")
    assert labels(first) == [] and labels(second) == ["Done", "More time", "Hand over"]
