"""Procedures in a room: their live messages, and pressing their buttons."""

from bot.sandbox.answers import AppAnswer
from bot.sandbox.model import Message
from tests.stories.asking import told
from tests.world import World, words_of


def live(world: World, which: int = -1, ref: str = "INC-1") -> Message:
    """The current message of the procedure under way."""
    found = world.workspace.messages(world.room(ref))
    return [one for one in found if is_live(one)][which]


def is_live(message: Message) -> bool:
    return message.text.removeprefix("DRILL: ").startswith("📖") and not message.ephemeral_for


def shown(world: World, which: int = -1, ref: str = "INC-1") -> str:
    return words_of(live(world, which, ref))


def labels(message: Message) -> list[str]:
    blocks = message.blocks or []
    return [one["text"]["text"] for block in blocks for one in block.get("elements", ()) if one.get("type") == "button"]


async def press(world: World, who: str, label: str, which: int = -1) -> str:
    """Presses the button; returns what only this person is shown."""
    return await press_on(world, who, label, live(world, which))


async def press_on(world: World, who: str, label: str, message: Message | AppAnswer) -> str:
    on = message.messages[-1] if isinstance(message, AppAnswer) else message
    answer = await world.workspace.person(who).presses(label, on)
    await world.settled()
    return told(answer)


async def skip(world: World, who: str, why: str) -> None:
    await press(world, who, "Skip")
    await world.workspace.person(who).submits(values={"why": why})
    await world.settled()
