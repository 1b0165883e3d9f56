"""Steps the bot ticks itself with evidence, and steps that need a second person's approval."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.domain.actor import Actor
from bot.domain.errors import NotPermitted
from bot.services.procedures.runs import Place
from bot.store.backups import backups
from bot.store.backups.backups import RunResult
from tests.stories.asking import ask, declared, timeline, told
from tests.stories.checks.website import a_website
from tests.stories.procedures.room import is_live, labels, live, press, shown, skip
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
PROVED = """
health: {every: 5m, checks: {website: {http: "%s"}}}
backups: {orders: {postgresql: "postgresql://nowhere.example.com/orders", at: "03:00"}}
procedures:
  restart:
    steps:
      - Restart the website
      - {check: website}
      - {do: It can be lost now, backup: orders younger than 1h}
      - {incident: acknowledged}
      - {do: Say that it holds, incident: monitoring}
"""
APPROVED = """
procedures:
  failover:
    title: Fail over
    steps:
      - {do: Fail over to the other region, run: ./failover.sh, approve: tier/lead}
      - Look at the traffic
"""


async def a_backup(world: World) -> None:
    """Records a good backup, started now."""
    now = world.clock.now()
    async with world.house.db.transaction() as conn:
        begun = await backups.begin(
            conn, name="orders", started_by="tocsin", now=now, place="/b", machine="m", suffix=".dump"
        )
        assert begun
        made = RunResult(size=1, sha256="a", tool="pg_dump", server="16", tables=1, counts=None, counted="", source={})
        await backups.succeed(conn, begun.id, made, now)


async def test_a_provable_step_is_ticked_with_its_evidence_as_soon_as_it_holds(new_world: NewWorld) -> None:
    async with a_website() as website, new_world(runbook=RUNBOOK + PROVED % website.url) as world:
        website.breaks()
        await world.passes(seconds=1)
        room = await declared(world, "P3 Website is slow")
        await ask(world, "ada", "/incident runbook restart", room)
        await press(world, "ada", "Done")
        assert labels(live(world)) == ["Skip", "Undo"] and "Now: website is down" in shown(world)
        website.recovers()
        await world.passes(seconds=5)
        assert "website is healthy: HTTP 200" in shown(world) and "step 3 of 5" in live(world).text
        assert "there is no good backup of orders yet" in shown(world)
        await a_backup(world)
        await world.passes(seconds=5)
        assert "backup 1 of orders is good" in shown(world)
        assert "Now: nobody has acknowledged INC-1" in shown(world)
        await ask(world, "ada", "/incident acknowledge", room)
        assert "acknowledged by Ada Obi" in shown(world)
        await ask(world, "ada", "/incident status monitoring", room)
        assert "finished" in live(world).text and "INC-1 is monitoring" in shown(world)
        (procedure,) = (await world.house.records.of(1)).procedures
        assert [tick.by for tick in procedure.ticks] == ["ada", *["tocsin"] * 4]


async def test_a_probe_from_before_the_step_was_reached_proves_nothing(new_world: NewWorld) -> None:
    async with a_website() as website, new_world(runbook=RUNBOOK + PROVED % website.url) as world:
        room = await declared(world, "P3 Website is slow")
        await world.passes(minutes=1)
        website.breaks()
        await ask(world, "ada", "/incident runbook restart", room)
        await press(world, "ada", "Done")
        assert "step 2 of 5" in live(world).text and "website is down" in shown(world)
        await skip(world, "ada", "seen with own eyes")
        assert "step 3 of 5" in live(world).text
        await press(world, "ada", "Undo")
        assert "step 2 of 5" in live(world).text


async def test_people_not_in_the_runbook_are_named_in_evidence_entries_and_refusals(new_world: NewWorld) -> None:
    own = RUNBOOK + "procedures:\n  p: {title: P, steps: [{do: Wait, incident: acknowledged}, Look]}\n"
    async with new_world(runbook=own) as world:
        room = await declared(world)
        await ask(world, "eve", "/incident runbook p", room)
        for name in ("finn", "dev"):
            await world.workspace.person(name).joins(room)
        await ask(world, "finn", "/incident ack", room)
        await ask(world, "finn", "/incident task @dev look at it", room)
        await world.passes(minutes=1)
        assert "acknowledged by Finn Hale" in words_of(live(world))
        answers = await asyncio.gather(*(one.presses("Done", live(world)) for one in (world.finn, world.dev)))
        await world.settled()
        (late,) = [told(answer) for answer in answers if answer.messages]
        assert "Finn Hale was first" in late or "Dev Rao was first" in late
        entries = [words for kind, _, words in await timeline(world) if kind in ("checklist", "task")]
        assert any("Finn Hale" in words for words in entries) and any(words.startswith("Dev Rao:") for words in entries)
        assert not [words for words in entries if "<@" in words]


async def test_undo_takes_back_a_persons_step_and_the_steps_proved_since(new_world: NewWorld) -> None:
    async with a_website() as website, new_world(runbook=RUNBOOK + PROVED % website.url) as world:
        room = await declared(world, "P3 Website is slow")
        await ask(world, "ada", "/incident runbook restart", room)
        await press(world, "ada", "Done")
        assert "step 3 of 5" in live(world).text
        await press(world, "ada", "Undo")
        assert "step 1 of 5" in live(world).text and labels(live(world)) == ["Done", "Skip"]


async def test_a_step_that_needs_a_second_person_is_approved_by_one_and_done_by_another(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK + APPROVED) as world:
        room = await declared(world, "P3 Region is down")
        await ask(world, "ada", "/incident runbook failover", room)
        asked = [said for said in world.said_in(room.id) if "has to be approved" in said]
        assert len(asked) == 1 and "<@U0BEN>" in asked[0]
        assert labels(live(world)) == ["Approve", "Skip"]
        assert "Only Ben Moss may approve this step" in await press(world, "ada", "Approve")
        assert await press(world, "ben", "Approve") == ""
        assert labels(live(world)) == ["Done", "Skip", "Undo"] and "Approved by Ben Moss" in shown(world)
        assert "somebody else has to do it" in await press(world, "ben", "Done")
        # The same person under two names: one process knew their account, the other did not.
        account = world.house.people._accounts.pop("ben")
        with pytest.raises(NotPermitted):
            await world.house.procedure_runs.tick(Actor(account, account), 1, Place(1, 0, 1), "done")
        world.house.people._accounts["ben"] = account
        await press(world, "ada", "Done")
        assert "step 2 of 2" in live(world).text
        assert len([one for one in world.workspace.messages(room) if is_live(one)]) == 1
