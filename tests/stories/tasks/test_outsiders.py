"""Private incidents: forged buttons and forms give people outside the room nothing."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.stories.asking import ask, timeline
from tests.stories.incidents.outsider import BUTTONS, FORMS, Outsider, outsider
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
WORK = (
    RUNBOOK
    + """
checklists:
  triage: [Call the others]
procedures:
  doors: {title: Doors, steps: [Find the open one, Close it]}
"""
)
# The values each button and form carries: a number, a box and its state, a step.
CARRIED = {"task.": "1", "action.": "1", "postmortem.": "1", "checklist.": "1 1", "procedure.": "1 1 0 0"}


def carried(name: str) -> str:
    """The value the action carries; '' = the action is about something else."""
    own = next((value for kind, value in CARRIED.items() if name.startswith(kind)), "")
    return f"{own} on" if name == "checklist.tick" else "1" if name in ("checklist.waive", "checklist.reopen") else own


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WORK) as world:
        await ask(world, "eve", "/incident private P3 Scans were copied")
        room = world.workspace.channel(world.room("INC-1"))
        for typed in ("task me ask what was copied", "action me ask what was copied by Friday", "runbook doors"):
            await ask(world, "eve", f"/incident {typed}", room)
        yield world


async def gained_nothing(world: World, person: Outsider, before: list[tuple[str, str, str]]) -> None:
    await person.looks_everywhere()
    assert "copied" not in person.saw
    assert await timeline(world) == before


async def test_no_button_of_a_private_incident_works_for_outsiders(town: World) -> None:
    dev, before = await outsider(town), await timeline(town)
    for action in filter(carried, BUTTONS):
        await dev.presses(action, carried(action))
    await gained_nothing(town, dev, before)


async def test_no_form_of_a_private_incident_works_for_outsiders(town: World) -> None:
    dev, before = await outsider(town), await timeline(town)
    for callback in filter(carried, FORMS):
        await dev.submits(callback, carried(callback))
    await gained_nothing(town, dev, before)
