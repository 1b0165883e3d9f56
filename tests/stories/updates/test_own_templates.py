"""An organisation's own templates for its audiences, and what happens when something is wrong with them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.mail_server import PostOffice, post_office
from tests.stories.updates.test_stakeholder_updates import (
    NewWorld,
    card,
    declared,
    letters,
    posted_in,
    updating,
    updating_world,
    writes,
)
from tests.world import RUNBOOK


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


async def test_a_text_with_a_fact_missing_waits_in_the_room_until_somebody_fills_it_in(
    new_world: NewWorld, office: PostOffice, tmp_path: Path
) -> None:
    (tmp_path / "stakeholder.j2").write_text(
        "Incident at {{ organisation }}\n\nExpected resolution: {{ lasted | duration }}"
    )
    runbook = f"{updating(RUNBOOK)}\ntemplates: {tmp_path}\n"
    async with updating_world(new_world, office, runbook) as world:
        await declared(world)
        waits = card(world, "stakeholders")
        assert letters(office) == [] and "to be confirmed" in waits.text

        await writes(world, "ada", "stakeholders", subject="Incident", text="Expected resolution: two hours")
        assert letters(office) == [("board@example.com", "Incident")]


async def test_a_template_that_fails_is_replaced_by_the_shipped_one_and_the_room_is_warned(
    new_world: NewWorld, office: PostOffice, tmp_path: Path
) -> None:
    (tmp_path / "stakeholder.j2").write_text("Incident\n\n{{ title | time }}")
    runbook = f"{updating(RUNBOOK)}\ntemplates: {tmp_path}\n"
    async with updating_world(new_world, office, runbook) as world:
        await declared(world)
        assert ("board@example.com", "P1 Critical: Payments failing (INC-1)") in letters(office)
        assert any("stakeholder.j2:3" in one for one in posted_in(world, world.room()))
