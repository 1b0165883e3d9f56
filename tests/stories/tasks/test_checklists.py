"""Checklists: triage at the start, a question about unverified boxes at the end, then aftercare."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.doors.incident_json import in_full
from bot.sandbox.looking import labels
from bot.sandbox.model import Message
from tests.stories.asking import ask, asked, declared, timeline, told
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
LISTS = (
    RUNBOOK
    + """
checklists:
  triage: ["Is the site up?", Are services running?]
  verification: [Health check returns 200, Users can log in]
  aftercare:
    - {do: Stakeholders notified, within: 2h}
    - Graphs kept
permissions:
  runbook.tick: [ada, ben]
"""
)


@pytest.fixture
async def team(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=LISTS) as world:
        yield world


def shown(world: World, words: str) -> Message:
    return [one for one in world.workspace.messages(world.room()) if words in words_of(one)][-1]


async def ticked(world: World, name: str) -> list[str | None]:
    found = in_full(await world.house.records.of(1))["checklists"][name]
    return [one["done_by"] for one in found]


async def test_triage_boxes_can_be_ticked_in_the_room_and_unticked_again(team: World) -> None:
    await declared(team, "P3 Slow reports")
    triage = shown(team, "Is the site up?")
    assert team.card().ts < triage.ts
    await team.ada.ticks("Are services running?", triage)
    await team.settled()
    assert await ticked(team, "triage") == [None, "ada"]
    assert "1 of 2 open" in words_of(triage) and "Ada Obi" in words_of(triage)

    await team.ben.presses("Done", triage)
    await team.settled()
    assert await ticked(team, "triage") == ["ben", "ada"] and "all 2 done" in words_of(triage)
    assert labels(triage) == []
    await team.ben.ticks("Are services running?", triage)
    await team.settled()
    assert await ticked(team, "triage") == ["ben", None]
    assert [one for one in await timeline(team) if one[0] == "checklist"] == [
        ("checklist", "ada", "triage: ticked: Are services running?"),
        ("checklist", "ben", "triage: ticked: Is the site up?"),
        ("checklist", "ben", "triage: cleared: Are services running?"),
    ]


async def test_concurrent_ticks_lose_nothing_and_people_without_permission_cannot_tick(team: World) -> None:
    await declared(team, "P3 Slow reports")
    triage = shown(team, "Is the site up?")
    refused = await team.cleo.ticks("Is the site up?", triage)
    await team.settled()
    assert "runbook.tick" in told(refused) and await ticked(team, "triage") == [None, None]
    async with team.joined():
        await team.ada.ticks("Is the site up?", triage)
        await team.ben.ticks("Are services running?", triage)
        await team.settled()
    assert await ticked(team, "triage") == ["ada", "ben"]
    found = (await team.house.checklists.of(await team.house.incidents.find("1")))["triage"]
    again = await team.ada.presses("Done", triage) if labels(triage) else None
    assert again is None and found.open_items == []


async def test_at_the_end_the_room_is_asked_about_open_boxes(team: World) -> None:
    room = await declared(team, "P3 Slow reports")
    own = (await asked(team, "ada", "/incident checklist verification", room)).messages[0]
    await team.ada.presses("Done", own)
    await team.settled()
    await ask(team, "ada", "/incident resolve fixed", room)
    question = shown(team, "Is it verified?")
    assert "1 of 2 open" in words_of(question)
    assert labels(question) == ["Done", "Resolved anyway", "Reopen"]
    refused = await team.cleo.presses("Resolved anyway", question)
    await team.settled()
    assert "runbook.tick" in told(refused)
    assert not team.cleo.modals()

    await team.ada.presses("Resolved anyway", question)
    await team.settled()
    await team.ada.submits(values={"why": "nobody can log in at night"})
    await team.settled()
    assert "nobody can log in at night" in words_of(question)
    assert labels(question) == ["Done"]
    assert ("checklist", "ada", "verification: resolved with 1 open: nobody can log in at night") in (
        await timeline(team)
    )


async def test_after_a_reopening_verification_starts_over(team: World) -> None:
    room = await declared(team, "P3 Slow reports")
    await ask(team, "ada", "/incident resolve fixed", room)
    question, aftercare = shown(team, "Is it verified?"), shown(team, "Aftercare")
    await team.ada.presses("Done", question)
    await team.settled()
    await team.ada.presses("Reopen", question)
    await team.settled()
    await team.ada.submits(values={"why": "it is back"})
    await team.settled()
    assert not (await team.house.incidents.find("1")).resolved_at
    assert "was reopened" in words_of(question) and "was reopened" in words_of(aftercare)
    await team.passes(days=3)
    assert "Due now" not in "".join(team.said_in(team.room()))
    await ask(team, "ada", "/incident resolve fixed", room)
    assert "2 of 2 open" in words_of(shown(team, "Is it verified?"))
    assert await ticked(team, "verification") == [None, None]


async def test_overdue_aftercare_reminds_the_room_and_a_day_later_the_lead(team: World) -> None:
    room = await declared(team, "P3 Slow reports")
    await ask(team, "ada", "/incident lead @ben", room)
    await ask(team, "ada", "/incident resolve fixed", room)
    await team.passes(hours=1, minutes=59)
    assert "Due now" not in "".join(team.said_in(team.room()))
    async with team.joined():
        await team.passes(minutes=1)
    assert "".join(team.said_in(team.room())).count("Due now: Stakeholders notified") == 1
    await team.passes(days=1)
    late = [words_of(one) for one in team.workspace.direct_messages("ben") if "Still open" in words_of(one)]
    assert len(late) == 1 and "Stakeholders notified" in late[0]
    await team.ada.presses("Done", shown(team, "Due now"))
    await team.settled()
    assert await ticked(team, "aftercare") == ["ada", None]
    assert labels(shown(team, "Due now")) == []


async def test_an_unknown_checklist_is_answered_with_the_known_ones(team: World) -> None:
    room = await declared(team, "P3 Slow reports")
    assert "triage, verification or aftercare" in await ask(team, "ada", "/incident checklist packing", room)
    assert "Triage" in await ask(team, "ada", "/incident checklist", room)
