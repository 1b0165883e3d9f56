"""Planned work: bad input, clock changes, double and concurrent presses; and webhooks for all of it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from bot.domain.errors import AlreadyDone, Refused, TocsinError
from tests.provider import provider
from tests.stories.asking import ask
from tests.stories.maintenance.test_windows import card, history, presses, state
from tests.stories.updates.test_status_page import as_json, feed, shown, with_page
from tests.stories.updates.test_webhooks import machines
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
PLAN = "/incident maintenance Database upgrade at {} for 2h"


async def test_a_webhook_reports_every_transition_once_signed_and_with_the_times_of_that_moment(
    new_world: NewWorld,
) -> None:
    async with provider() as receiver:
        receiver.answers(200, b"")
        async with new_world(runbook=machines(receiver)) as world:
            await ask(world, "ada", PLAN.format("in 4h"))
            await presses(world, "ada", "Move", card(world), when="in 5h", lasts="2h", why="")
            await world.passes(hours=5)
            await presses(world, "ada", "Extend 30 min", card(world))
            await presses(world, "ada", "Done", card(world))
            await ask(world, "ada", PLAN.format("in 4h"))
            await presses(world, "ada", "Cancel", card(world), why="")

        bodies = [one.json for one in receiver.received]
        assert [(one["type"], one["maintenance"]["ref"]) for one in bodies] == [
            ("maintenance.announced", "M-1"), ("maintenance.moved", "M-1"), ("maintenance.begun", "M-1"),
            ("maintenance.overrun", "M-1"), ("maintenance.done", "M-1"),
            ("maintenance.announced", "M-2"), ("maintenance.cancelled", "M-2"),
        ]  # fmt: skip
        ends = [one["maintenance"]["ends_at"][11:16] for one in bodies[:5]]
        assert ends == ["20:00", "21:00", "21:00", "21:30", "21:30"]
        signed = {one.headers["Webhook-Signature"] for one in receiver.received}
        assert len(signed) == len({one.headers["Webhook-Id"] for one in receiver.received}) == 7


async def test_titles_of_thousands_of_characters_or_none_are_truncated_and_shown_as_text(new_world: NewWorld) -> None:
    async with new_world(runbook=with_page()) as world:
        what = "<script async=1>\x00\x1b[31m\u202e]]>&" + "x" * 3000
        labels = ",".join(f"label{number}={'&' * 180}" for number in range(10))
        said = await ask(world, "ada", f"/incident maintenance {what} at in 1h for 2h silencing {labels}")
        page = await shown(world)
        assert "M-1" in said, said
        assert "&lt;script async=1&gt;" in page
        assert not any(one in page for one in ("<script", "\u202e", "x" * 201))
        assert [one["state"] for one in (await as_json(world))["maintenance"]] == ["scheduled"]
        assert len(list(await feed(world))) > 3
        await world.passes(hours=1)
        assert "under way" in words_of(card(world)) and await state(world) == "under_way"
        assert world.workspace.audit() == []
        for nothing in ("\u202e", "\x00\x01"):
            await ask(world, "ada", f"/incident maintenance {nothing} at in 1h for 2h")
        assert (await world.house.windows.newest())[1] == 0 and len((await world.house.windows.newest())[0]) == 1


async def test_work_across_a_clock_change_lasts_as_long_as_planned(new_world: NewWorld) -> None:
    async with new_world(runbook=with_page()) as world:
        for when, begins in (("2026-10-25 00:30", "2026-10-24T23:30"), ("2027-03-28 01:30", "2027-03-28T01:00")):
            await ask(world, "ada", PLAN.format(when))
            window = (await world.house.windows.newest())[0][0]
            assert window.ends_at - window.starts_at == timedelta(hours=2)
            assert window.starts_at.isoformat().startswith(begins), when


async def test_of_two_concurrent_presses_one_takes_effect_and_the_other_is_told(new_world: NewWorld) -> None:
    async with new_world(runbook=with_page()) as world:
        ada = world.house.people.actor(world.ada.id, None, None)
        await ask(world, "ada", PLAN.format("in 1h"))
        windows = world.house.windows
        said = await asyncio.gather(
            windows.begin(ada, 1), windows.cancel(ada, 1), windows.begin(ada, 1), return_exceptions=True
        )
        assert len([one for one in said if isinstance(one, AlreadyDone | Refused)]) == 2, said
        assert not [one for one in said if isinstance(one, Exception) and not isinstance(one, TocsinError)]
        await world.settled()
        told = [text for _, text in await history(world)]
        assert (told.count("begun"), told.count("cancelled")) in ((1, 0), (0, 1)), told
        assert await state(world) == ("under_way" if "begun" in told else "cancelled")
