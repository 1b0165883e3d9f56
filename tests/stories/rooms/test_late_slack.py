"""Slack may carry out a request long after the connection was lost, and after the retry."""

from collections.abc import Callable

from bot.sandbox.model import Json, Message
from tests.stories.asking import ask
from tests.world import World, words_of


def to_ada(sent: Json) -> bool:
    return bool(sent.get("channel") == "U0ADA")


async def test_of_a_page_slack_posted_twice_the_one_that_is_kept_up_to_date_stays(world: World) -> None:
    world.workspace.faults.lag("chat.postMessage", when=to_ada)
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await world.passes(seconds=20)
    assert len(world.pages_of("ada")) == 1
    world.workspace.faults.catch_up()
    assert len(world.pages_of("ada")) == 2

    await world.passes(minutes=2)
    await ask(world, "ben", "/escalate ack INC-1")
    (message,) = world.pages_of("ada")
    assert "Acknowledged by Ben" in words_of(message) and "to stop paging" not in words_of(message)


async def test_duplicates_of_cards_posts_and_announcements_that_slack_posted_late_are_deleted(world: World) -> None:
    world.workspace.faults.lag("chat.postMessage", times=None, when=first_of_each())
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await ask(world, "eve", "/incident note INC-1 Restarted the worker")
    await world.passes(seconds=50)
    standing = places_of_messages(world)
    assert len(set(standing)) == 2
    world.workspace.faults.catch_up()
    assert len(places_of_messages(world)) == 2 * len(standing)

    await world.passes(minutes=3)
    assert places_of_messages(world) == standing


async def test_a_card_is_corrected_if_slack_applies_an_older_edit_last(world: World) -> None:
    await ask(world, "eve", "/incident declare P1 Payments failing")
    card = world.card()
    world.workspace.faults.lag("chat.update", when=lambda sent: sent["ts"] == card.ts)
    await ask(world, "eve", "/incident lead @ben", world.room())
    await ask(world, "ben", "/escalate ack INC-1")
    await world.passes(seconds=20)
    assert "Acknowledge" not in buttons(world.card())
    world.workspace.faults.catch_up()
    assert "Acknowledge" in buttons(world.card())

    await world.passes(minutes=2)
    assert "Acknowledge" not in buttons(world.card())


async def test_a_nudge_that_slack_posts_after_it_was_answered_is_deleted(world: World) -> None:
    await ask(world, "eve", "/incident declare P1 Payments failing")
    await ask(world, "ben", "/escalate ack INC-1")
    world.workspace.faults.lag("chat.postMessage", when=lambda sent: "👉" in str(sent["text"]))
    while not world.workspace.faults.kept:
        await world.passes(minutes=1)
    await ask(world, "ben", "/incident lead INC-1")
    await ask(world, "ben", "/incident resolve INC-1 Restarted the worker")
    await world.passes(minutes=3)
    standing = len(world.nudges())
    world.workspace.faults.catch_up()
    assert len(world.nudges()) == standing + 1
    await world.passes(minutes=10)
    assert len(world.nudges()) == standing


async def test_an_unconfirmed_direct_message_is_searched_for_in_its_conversation_and_posted_once(world: World) -> None:
    await ask(world, "eve", "/incident declare P1 Payments failing")
    world.workspace.faults.drop("chat.postMessage", after=False, when=lambda sent: sent["channel"] == "U0EVE")
    incident = await world.house.incidents.find("INC-1")
    async with world.house.db.transaction() as conn:
        await world.house.posts.to_lead(conn, incident, "room_closed", incident=incident)
    await world.passes(seconds=20)
    assert len([one for one in world.workspace.direct_messages("eve") if "INC-1" in one.text]) == 1


def first_of_each() -> Callable[[Json], bool]:
    """A predicate: is this the first post with its key in a channel?"""
    seen: set[str] = set()

    def is_first(sent: Json) -> bool:
        if not sent["channel"].startswith("C"):
            return False
        known = len(seen)
        seen.add(sent["metadata"]["event_payload"]["key"])
        return len(seen) > known

    return is_first


def places_of_messages(world: World) -> list[str]:
    """The channel of each of the bot's messages, sorted."""
    channels = [one for one in world.workspace.conversations if one.kind == "public"]
    return sorted(channel.id for channel in channels for one in channel.messages if one.metadata)


def buttons(message: Message) -> list[str]:
    return [
        element["text"]["text"].split(" ", 1)[-1]
        for block in message.blocks or []
        for element in block.get("elements", [])
        if element.get("type") == "button"
    ]
