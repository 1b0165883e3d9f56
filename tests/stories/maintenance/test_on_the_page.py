"""Planned work on our own status page: ahead, under way, over, and never shown wrongly."""

import fcntl
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from bot.publishers._page_folder import VERSION
from tests.stories.asking import ask
from tests.stories.maintenance.test_windows import card, presses
from tests.stories.updates.test_stakeholder_updates import declared, does
from tests.stories.updates.test_status_page import WORKING, as_json, entries, feed, shown, with_page
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
PLAN = "/incident maintenance Database upgrade at {} for 2h"


async def work(world: World) -> Any:
    (found,) = (await as_json(world))["maintenance"]
    return found


def moments(work: Any) -> list[str]:
    return [one["moment"] for one in work["updates"]]


async def test_planned_work_is_on_the_page_ahead_under_way_and_in_the_history(
    new_world: NewWorld, tmp_path: Path
) -> None:
    async with new_world(runbook=with_page(tmp_path)) as world:

        def written() -> Any:
            return json.loads((tmp_path / "status.json").read_text())

        await ask(world, "ada", PLAN.format("in 3d") + " affecting pay, Shop telling everybody")
        assert (await as_json(world))["maintenance"] == [], "its notice is not due yet"
        assert "Shop or Pay" in await ask(world, "ada", PLAN.format("in 3d") + " affecting Shops")
        await world.passes(days=1)
        found = await work(world)
        assert (found["state"], found["starts_at"], found["ends_at"]) == (
            "scheduled", "2026-08-09T14:00:00+00:00", "2026-08-09T16:00:00+00:00"
        )  # fmt: skip
        assert WORKING in await shown(world) and "Sun 09 Aug 2026 15:00 BST" in await shown(world)
        assert found["components"] == ["Pay", "Shop"] and "Pay and Shop may not work" in found["updates"][0]["text"]
        assert "Affects: Pay, Shop" in await shown(world) and "Affects Pay and Shop" in words_of(card(world))
        assert written()["maintenance"] == [found] and "Database upgrade" in (tmp_path / "index.html").read_text()

        await world.passes(days=2)
        page = await shown(world)
        assert WORKING not in page and "Planned maintenance under way" in page
        assert ((await work(world))["state"], (await as_json(world))["status"]) == ("in_progress", "maintenance")
        assert (written()["status"], written()["maintenance"][0]["state"]) == ("maintenance", "in_progress")
        assert "status page (" not in words_of(card(world)) and "sent to 1 of 1" in words_of(card(world))

        await declared(world)
        assert (await as_json(world))["headline"] == "Complete outage", "an incident goes before planned work"
        await does(world, "ada", "/incident resolve done")
        await presses(world, "ada", "Done", card(world))
        page, found = await shown(world), await work(world)
        assert WORKING in page and WORKING in (tmp_path / "index.html").read_text()
        assert (found["state"], moments(found)) == ("done", ["done", "begun", "announced"])
        assert found["ended_at"] and "Maintenance · done" in page
        titles = [str(title) for _, title in entries(await feed(world))]
        assert len([one for one in titles if "Database upgrade" in one]) == 3
        assert len({id for id, _ in entries(await feed(world))}) == len(titles)

        await world.passes(days=91)
        assert (await as_json(world))["maintenance"] == []


async def test_moved_overrunning_or_cancelled_work_is_never_shown_as_first_planned(
    new_world: NewWorld, tmp_path: Path
) -> None:
    async with new_world(runbook=with_page(tmp_path)) as world:
        await ask(world, "ada", PLAN.format("in 1d"))
        await presses(world, "ada", "Move", card(world), when="in 2d", lasts="1h", why="The vendor is late")
        found = await work(world)
        assert (found["starts_at"], moments(found)) == ("2026-08-08T14:00:00+00:00", ["moved", "announced"])
        assert "vendor" not in await shown(world)
        await world.passes(days=2)
        await world.passes(hours=1)
        await world.passes(minutes=15)
        assert "taking longer than planned" in await shown(world)
        assert "taking longer than planned" in (tmp_path / "index.html").read_text()
        await presses(world, "ada", "Extend 30 min", card(world))
        assert (await work(world))["ends_at"] == "2026-08-08T15:45:00+00:00"
        await presses(world, "ada", "Done", card(world))

        await ask(world, "ada", PLAN.format("in 1d"))
        await presses(world, "ada", "Cancel", card(world), why="Not needed")
        newest = (await as_json(world))["maintenance"][0]
        assert (newest["state"], moments(newest)) == ("cancelled", ["cancelled", "announced"])
        assert WORKING in await shown(world)


async def test_text_waits_for_its_approval_and_an_unapproved_time_is_not_shown(
    new_world: NewWorld, tmp_path: Path
) -> None:
    async with new_world(runbook=with_page(tmp_path, more="automatic: true, approval: true")) as world:

        async def approves() -> None:
            asked = [one for one in world.workspace.messages("#incidents") if "needs approval" in words_of(one)]
            await presses(world, "ben", "Approve", [one for one in asked if "Approve" in words_of(one)][-1])

        await ask(world, "ada", PLAN.format("in 1d"))
        assert (await as_json(world))["maintenance"] == []
        await approves()
        assert (await work(world))["starts_at"] == "2026-08-07T14:00:00+00:00"
        await presses(world, "ada", "Move", card(world), when="in 2d", lasts="1h", why="")
        found = await work(world)
        assert (found["state"], found["starts_at"], moments(found)) == ("scheduled", None, ["announced"])
        assert "The time has changed" in await shown(world)
        assert "The time has changed" in (tmp_path / "index.html").read_text()
        await approves()
        assert (await work(world))["starts_at"] == "2026-08-08T14:00:00+00:00"
        await world.passes(days=2)
        assert (await as_json(world))["status"] == "maintenance", "it goes on, whoever has approved the words"
        assert "maintenance under way" in (tmp_path / "index.html").read_text()
        await presses(world, "ada", "Done", card(world))
        assert ((await work(world))["state"], WORKING in await shown(world)) == ("done", True)


async def test_work_whose_time_passed_while_the_bot_was_down_is_not_called_in_progress(
    new_world: NewWorld, tmp_path: Path
) -> None:
    async with new_world(runbook=with_page(tmp_path)) as world:
        await ask(world, "ada", PLAN.format("in 1h"))
        await world.passes(hours=9)
        assert ((await work(world))["state"], (await as_json(world))["status"]) == ("unsure", "unsure")
        assert "checking whether this is over" in await shown(world)
        await presses(world, "ada", "Done", card(world))
        assert ((await work(world))["state"], (await as_json(world))["status"]) == ("done", "working")


async def test_while_the_pages_folder_is_blocked_the_bot_serves_the_news_but_does_not_call_it_sent(
    new_world: NewWorld, tmp_path: Path
) -> None:
    async with new_world(runbook=with_page(tmp_path)) as world:
        await world.settled()
        await ask(world, "ada", PLAN.format("in 3d"))
        with (tmp_path / VERSION).open() as held:
            # As if a process hung while writing there.
            fcntl.flock(held, fcntl.LOCK_EX)
            await presses(world, "ada", "Begin now", card(world))
            assert (await work(world))["state"] == "in_progress"
            assert "sent to" not in words_of(card(world)) and "being sent" in words_of(card(world))
            assert json.loads((tmp_path / "status.json").read_text())["status"] == "working"
        await world.passes(minutes=10)
        assert json.loads((tmp_path / "status.json").read_text())["status"] == "maintenance"
        assert "Database upgrade" in (tmp_path / "index.html").read_text()
        assert "sent to 1 of 1 address" in words_of(card(world))
        assert moments(await work(world)) == ["begun"]
