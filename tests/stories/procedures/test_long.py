"""A procedure of sixty steps: inside of Slack's limits, and ticked by three people on two processes."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bot.slack.blocks import MESSAGE_LENGTH
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


async def test_however_long_it_is_the_next_step_stands_there_whole_inside_of_slacks_limits(new_world: NewWorld) -> None:
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
        assert "more steps" in str(modal.blocks)
        assert [str(one) for one in world.workspace.complaints] == []


async def test_sixty_steps_ticked_by_three_on_two_processes_are_ticked_once_each(new_world: NewWorld) -> None:
    async with new_world(runbook=SHORT) as world:
        room = await declared(world, "P3 Slow reports")
        await ask(world, "ada", "/incident runbook long", room)
        people = (world.ada, world.ben, world.eve)
        async with world.joined(runbook=SHORT):
            for _ in range(30):
                await asyncio.gather(*(one.presses("Done", live(world)) for one in people))
                await world.settled()
        # The second process has gone; whatever it had in hand is taken over by the first.
        for _ in range(30):
            await asyncio.gather(*(one.presses("Done", live(world)) for one in people))
            await world.settled()
        (run,) = (await world.house.records.of(1)).procedures
        assert [tick.step for tick in run.ticks] == list(range(60))
        assert "no step is left" in live(world).text and "60. Step 60" in words_of(live(world))
        assert len([one for one in world.workspace.messages(room) if is_live(one)]) == 1
