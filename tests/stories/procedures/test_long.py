"""A procedure of sixty steps: within Slack's limits, and ticked by three people on two processes."""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from bot.sandbox.model import Channel, Message
from bot.slack.blocks import MESSAGE_LENGTH
from tests.processes import Fleet, fleet
from tests.stories.asking import ask, declared
from tests.stories.procedures.room import is_live, labels, live, press, shown
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
STEPS = "\n".join(
    f'      - {{do: "{n}: {"Look & see <there> " * 20}", run: "{"echo <x> & " * 60}true", notes: ["{"so " * 300}"]}}'
    for n in range(1, 61)
)
LONG = f"{RUNBOOK}\nprocedures:\n  long:\n    steps:\n{STEPS}\n"
SHORT = f"{RUNBOOK}\nprocedures:\n  long:\n    steps:\n" + "\n".join(f"      - Step {n}" for n in range(1, 61)) + "\n"


async def test_however_long_a_procedure_is_its_next_step_is_shown_whole_within_slacks_limits(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=LONG) as world:
        room = await declared(world, "P3 Slow reports")
        await ask(world, "ada", "/incident runbook long", room)
        for _ in range(9):
            await press(world, "ada", "Done")
        assert labels(live(world)) == ["Done", "Skip", "Undo", "All steps"]
        words = shown(world)
        assert "step 10 of 60" in words and "4 earlier steps" in words and "and 43 more" in words
        assert words.count("echo &lt;x&gt; &amp; " * 60 + "true\n```") == 1
        assert len(words) < MESSAGE_LENGTH
        await press(world, "ada", "All steps")
        (modal,) = world.ada.modals()
        seen = str(modal.blocks)
        while "Next steps" in str(modal.blocks):
            await world.ada.presses("Next steps")
            await world.settled()
            (modal,) = world.ada.modals()
            seen += str(modal.blocks)
        assert all(f"{number}: Look" in seen for number in range(1, 61)), "page after page, none is left out"
        assert [str(one) for one in world.workspace.complaints] == []


async def test_sixty_steps_ticked_by_three_people_while_a_process_is_killed_are_each_ticked_once(
    database: str, tmp_path: Path
) -> None:
    async with fleet(database, tmp_path, runbook=SHORT, launched=2) as processes:
        await processes.until_connected()
        await processes.declared("P3 Slow reports")
        room = await the_room(processes)
        eve = processes.workspace.person("eve")
        await processes.until(lambda: eve.id in room.members)
        await eve.types("/incident runbook long", room)
        await processes.until(lambda: lives_in(room))
        while (step := step_of(room)) <= 60:
            people = [processes.workspace.person(name) for name in ("ada", "ben", "eve")]
            pressed = asyncio.gather(*(one.presses("Done", lives_in(room)[0]) for one in people))
            if step == 20:
                await processes.replicas[0].dies()
            await pressed
            # A press handed to the dying process is lost, so it is pressed again.
            with suppress(TimeoutError):
                await processes.until(lambda before=step: step_of(room) != before, within=2)  # type: ignore[misc]
        await processes.until_calm()
        (run,) = (await processes.house.records.of(1)).procedures
        assert [tick.step for tick in run.ticks] == list(range(60))
        assert len(lives_in(room)) == 1 and "60. Step 60" in words_of(lives_in(room)[0])


async def the_room(processes: Fleet) -> Channel:
    await processes.until(lambda: any(one.topic and "INC-1" in one.topic for one in processes.workspace.conversations))
    return next(one for one in processes.workspace.conversations if one.topic and "INC-1" in one.topic)


def lives_in(room: Channel) -> list[Message]:
    return [one for one in room.messages if is_live(one)]


def step_of(room: Channel) -> int:
    """The number of the next step; 61 = none is left."""
    found = re.search(r"step (\d+) of 60", lives_in(room)[0].text)
    return int(found[1]) if found else 61
