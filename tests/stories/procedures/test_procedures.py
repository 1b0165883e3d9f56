"""Procedures in an incident's room: opened, ticked step by step, undone, steered by answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.doors.incident_json import in_full
from tests.stories.asking import ask, asked, declared, told
from tests.stories.procedures.room import labels, live, press, press_on, skip
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
PROCEDURES = (
    RUNBOOK
    + """
permissions: {runbook.tick: [ada, ben, cleo]}
procedures:
  database-timeout:
    title: Database connection timeout
    severity: P1
    symptoms: [Connection errors, Slow queries]
    steps:
      - {do: Check the database answers, run: "mongosh \\"$MONGODB_URI\\" --eval 'db.adminCommand(\\"ping\\")'"}
      - ask: "Was there a deployment in the last hour?"
        answers: {"Yes": Roll it back now, "No": step 4, "Unsure": payments}
      - {do: Wait for the rollback, notes: [It takes three minutes]}
      - {do: Restart the connection pool, run: pm2 restart next-app}
  payments:
    title: Payments are declined
    symptoms: [Declined cards]
    steps: [Ask the bank]
  broken-login:
    title: Nobody can log in
    steps: [Look at the identity provider]
"""
)


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=PROCEDURES) as world:
        yield world


async def test_fitting_procedures_are_offered_best_first_with_the_reason_and_open_at_a_press(world: World) -> None:
    room = await declared(world, "P1 Slow queries and connection timeouts")
    offer = await asked(world, "ada", "/incident runbook", room)
    words = told(offer)
    assert "Procedures that fit INC-1" in words and "title says connection, timeouts" in words
    assert "symptom “Slow queries”" in words and "for P1" in words
    assert "`payments`" in words.partition("Others")[2] and "`broken-login`" in words, "the rest can be typed"
    assert labels(offer.messages[-1]) == ["Database connection timeout"]
    assert await press_on(world, "ada", "Database connection timeout", offer) == ""
    assert "step 1 of 4" in live(world).text
    again = await ask(world, "eve", "/incident runbook database", room)
    assert "is under way already" in again and "|INC-1>" in again
    assert live(world, 0) is live(world, -1)


async def test_a_procedure_is_one_message_that_shows_who_did_what_and_the_next_step(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "ada", "/incident runbook database-timeout", room)
    message = live(world)
    assert labels(message) == ["Done", "Skip"]
    assert '```\nmongosh "$MONGODB_URI" --eval \'db.adminCommand("ping")\'\n```' in words_of(message)
    await press(world, "ada", "Done")
    assert labels(live(world)) == ["Yes", "No", "Unsure", "Skip", "Undo"]
    await press(world, "ben", "Yes")
    words = words_of(live(world))
    assert "*Yes* (Ben Moss" in words and "👉 Roll it back now" in words and words.count("Roll it back now") == 1
    assert "It takes three minutes" in words
    await skip(world, "ada", "it was quick")
    assert words_of(live(world)).count("Roll it back now") == 1 and "👉" not in words_of(live(world))
    assert "skipped by Ada Obi" in words_of(live(world)) and "it was quick" in words_of(live(world))
    await press(world, "ada", "Done")
    assert labels(live(world)) == ["Undo"] and "finished" in live(world).text
    (procedure,) = in_full(await world.house.records.of(1))["procedures"]
    assert procedure["key"] == "database-timeout"
    at = "2026-08-06T14:00:00.000Z"
    assert [list(step.values())[1:] for step in procedure["steps"]] == [
        [at, "ada", None], [at, "ben", "Yes"], [None, None, None], [at, "ada", None]
    ]  # fmt: skip
    entries = await world.house.incidents.timeline(1)
    told = [(one.actor, one.text) for one in entries if one.kind == "checklist"]
    assert [actor for actor, _ in told] == ["ada", "ada", "ben", "ada", "ada", "ada"]
    assert told[2][1].endswith("Was there a deployment in the last hour?: Yes → Roll it back now")
    assert live(world, 0) is live(world, -1)


async def test_an_answer_may_name_a_step_or_another_procedure(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "ada", "/incident runbook database-timeout", room)
    await press(world, "ada", "Done")
    await press(world, "ada", "No")
    assert "step 4 of 4" in live(world).text and "Wait for the rollback · not needed" in words_of(live(world))
    await press(world, "ada", "Undo")
    assert "step 2 of 4" in live(world).text
    await press(world, "ada", "Unsure")
    assert "goes on in “Payments are declined”" in live(world, 0).text
    assert "Payments are declined" in live(world, 1).text and "step 1 of 1" in live(world, 1).text


async def test_a_forged_answer_with_an_invalid_choice_is_refused(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "ada", "/incident runbook database-timeout", room)
    await press(world, "ada", "Done")
    block = next(block for block in live(world).blocks or [] if block["type"] == "actions")
    for value in ("1 1 1 1", "1 1 1 1 -1", "1 1 1 1 3"):
        block["elements"][0]["value"] = value
        assert await press(world, "ada", "Yes") != ""
        assert "step 2 of 4" in live(world).text


async def test_the_second_of_two_concurrent_presses_learns_who_was_first(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "ada", "/incident runbook database-timeout", room)
    answers = await asyncio.gather(*(one.presses("Done", live(world)) for one in (world.ada, world.ben)))
    await world.settled()
    (late,) = [told(answer) for answer in answers if answer.messages]
    first = "Ada Obi" if not answers[0].messages else "Ben Moss"
    assert first in late and "was first: step 1 was ticked at 15:00" in late
    assert "step 2 of 4" in live(world).text


async def test_only_people_the_runbook_permits_can_tick_but_everybody_can_open(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "eve", "/incident runbook payments", room)
    for label in ("Done", "Skip"):
        assert "runbook.tick" in await press(world, "eve", label)
    assert "step 1 of 1" in live(world).text


async def test_a_mistyped_name_gets_a_suggestion_and_outside_a_room_procedures_are_read_only(world: World) -> None:
    typo = await ask(world, "ada", "/incident runbook databse-timeout")
    assert "“databse-timeout”" in typo and "`/incident runbook database-timeout`" in typo
    read = await asked(world, "ada", "/incident runbook nobody can log in")
    assert "Look at the identity provider" in told(read) and labels(read.messages[-1]) == []
    listed = await asked(world, "ada", "/incident runbook")
    titles = ["Database connection timeout", "Payments are declined", "Nobody can log in"]
    assert labels(listed.messages[-1]) == titles
    assert "Ask the bank" in await press_on(world, "ada", "Payments are declined", listed)
    await declared(world, "P1 Slow reports")
    read = await asked(world, "ada", "/incident runbook payments")
    await press_on(world, "ada", "INC-1 P1 Slow reports", read)
    assert "step 1 of 1" in live(world).text


async def test_a_finished_procedure_can_be_opened_again_and_its_record_stays(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "ada", "/incident runbook payments", room)
    await press(world, "ada", "Done")
    await ask(world, "ada", "/incident runbook payments", room)
    assert "opened again" in await press(world, "ada", "Undo", 0)
    assert "finished" in live(world, 0).text and "step 1 of 1" in live(world, 1).text


async def test_a_procedure_under_way_keeps_its_steps_and_says_that_the_runbook_has_changed(world: World) -> None:
    room = await declared(world, "P1 Slow reports")
    await ask(world, "ada", "/incident runbook payments", room)
    assert "has changed" not in words_of(live(world))
    async with world.joined(runbook=PROCEDURES.replace("Ask the bank", "Ask the other bank")):
        await world.settled()
        assert "The runbook has changed this procedure" in words_of(live(world))
        assert "Ask the bank" in words_of(live(world))


async def test_a_procedure_in_a_drill_says_so_and_a_private_incidents_is_not_in_the_api(world: World) -> None:
    await ask(world, "ada", "/incident drill Slow reports")
    await ask(world, "ada", "/incident runbook payments", world.workspace.channel(world.room()))
    assert live(world).text.startswith("DRILL: 📖")
    await ask(world, "ada", "/incident private Leak")
    await ask(world, "ada", "/incident runbook payments", world.workspace.channel(world.room("INC-2")))
    await press_on(world, "ada", "Done", live(world, ref="INC-2"))
    assert in_full(await world.house.records.of(2))["procedures"] == []


async def test_a_late_skip_is_refused_before_anybody_types_a_reason(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await ask(world, "ada", "/incident runbook database-timeout", room)
    await press(world, "ada", "Done")
    block = next(block for block in live(world).blocks or [] if block["type"] == "actions")
    block["elements"][3]["value"] = "1 1 0 0"
    assert "Ada Obi was first" in await press(world, "ben", "Skip")
    assert world.ben.modals() == []


async def test_when_the_channel_is_archived_whoever_opens_or_presses_sees_the_current_state(world: World) -> None:
    room = await declared(world, "P3 Slow reports")
    await world.eve.archives(room)
    await world.settled()
    opened = await asked(world, "ada", "/incident runbook INC-1 database-timeout", "#general")
    assert "step 1 of 4" in told(opened) and labels(opened.messages[-1]) == ["Done", "Skip"]
    await press_on(world, "ada", "Done", opened)
    assert "step 2 of 4" in opened.messages[-1].text, "it takes the place of the one that was pressed"
    await press_on(world, "ada", "No", opened)
    await press_on(world, "ada", "Skip", opened)
    await world.ada.submits(values={"why": "it was quick"})
    await world.settled()
    (procedure,) = (await world.house.records.of(1)).procedures
    assert [tick.deed for tick in procedure.ticks] == ["done", "answered", "skipped"] and procedure.ended_at
