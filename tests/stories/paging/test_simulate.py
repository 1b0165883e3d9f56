"""`/escalate simulate`: who would be paged, when and how. Nobody is paged."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.stories.asking import ask
from tests.stories.telephone.telephones import ADA, BEN, by, replied, telephones
from tests.world import RUNBOOK, World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

HANDING_OVER = (
    RUNBOOK.replace("who: [ada]}", "who: [schedule/primary], via: [slack, voice]}")
    .replace("who: [ben]}", "who: [schedule/primary]}")
    .replace(', phone: "+447700900001"', "")
    + """
schedules:
  primary: {people: [ada, ben], rotates: weekly, handover: "Mon 03:10", starts: 2026-08-03}
"""
)
# Ada has no phone number, the lead's tier is empty, and Cleo isn't in Slack.
FULL_OF_GAPS = (
    RUNBOOK.replace("who: [ada]}", "who: [ada], via: [sms]}")
    .replace(', phone: "+447700900001"', "")
    .replace("who: [ben]}", "who: []}")
    .replace("cleo@example.com", "nobody@example.com")
)


async def test_a_simulation_shows_who_would_be_paged_when_and_how_across_a_handover(new_world: NewWorld) -> None:
    async with new_world(runbook=HANDING_OVER) as world:
        said = await ask(world, "eve", "/escalate simulate P1 Mon 03:00")
        head, *steps = said.split("\n")
        assert "P1 Critical were declared Mon 10 Aug 2026 03:00 BST" in head and "nobody is paged now" in head
        assert steps == [
            "`03:00 BST` On-call Engineer: Ada Obi by Slack, call ⚠ no phone number",
            "`03:15 BST` Engineering Lead: Ben Moss by Slack",
            "`03:45 BST` CEO: Cleo Fox by Slack",
            "`04:15 BST` nobody left to page",
        ]
        world.nothing_else_was_sent()


async def test_a_simulation_counts_covers_and_starts_now_unless_a_time_is_given(new_world: NewWorld) -> None:
    async with new_world(runbook=HANDING_OVER) as world:
        await ask(world, "eve", "/escalate cover primary @dev from 15:10 until 16:00")
        said = await ask(world, "eve", "/escalate simulate p1")
        assert "`15:00 BST` On-call Engineer: Ada Obi by Slack" in said
        assert "`15:15 BST` Engineering Lead: <@U0DEV> by Slack" in said
        world.nothing_else_was_sent()


async def test_a_step_on_a_later_day_shows_the_weekday_and_after_a_week_the_date(new_world: NewWorld) -> None:
    slowly = RUNBOOK.replace("{page: lead, wait: 30m}", "{page: lead, wait: 6d}").replace(
        "{page: ceo, wait: 30m}", "{page: ceo, wait: 1d}"
    )
    async with new_world(runbook=slowly) as world:
        said = await ask(world, "eve", "/escalate simulate P1 Mon 23:45")
        assert [line.split("` ")[0] for line in said.split("\n")[1:]] == [
            "`23:45 BST", "`Tue 00:00 BST", "`Mon 17 Aug 00:00 BST", "`Tue 18 Aug 00:00 BST"
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("wait", "times"),
    [("59s", ["03:00:00", "03:00:59", "03:30:59", "04:00:59"]), ("1m", ["03:00", "03:01", "03:31", "04:01"])],
)
async def test_steps_within_one_minute_are_shown_to_the_second(
    new_world: NewWorld, wait: str, times: list[str]
) -> None:
    async with new_world(runbook=RUNBOOK.replace("wait: 15m", f"wait: {wait}")) as world:
        said = await ask(world, "eve", "/escalate simulate P1 Mon 03:00")
        assert [line.split(" BST")[0] for line in said.split("\n")[1:]] == [f"`{time}" for time in times]


async def test_a_simulation_shows_every_gap_and_goes_on_to_the_next_tier_at_once(new_world: NewWorld) -> None:
    async with new_world(runbook=FULL_OF_GAPS) as world:
        said = await ask(world, "eve", "/escalate simulate “P1” “tomorrow noon”")
        assert said.split("\n")[1:] == [
            "`12:00 BST` On-call Engineer: Ada Obi by SMS ⚠ no phone number → the next tier at once",
            "`12:00 BST` Engineering Lead: ⚠ nobody in this tier → the next tier at once",
            "`12:00 BST` CEO: Cleo Fox by Slack ⚠ not in Slack → the next tier at once",
            "`12:00 BST` ⚠ nobody can be paged",
        ]


async def test_a_simulation_names_the_setting_that_a_way_lacks(new_world: NewWorld) -> None:
    async with new_world(runbook=RUNBOOK.replace("who: [ada]}", "who: [ada], via: [email]}")) as world:
        said = await ask(world, "eve", "/escalate simulate P2")
        assert "Ada Obi by email ⚠ not set up, needs SMTP_URL → the next tier at once" in said


async def test_a_simulation_shows_a_number_that_answered_stop_or_is_our_own_as_a_gap(new_world: NewWorld) -> None:
    both = by("sms", then="voice").replace(BEN, "+447700900999")
    async with telephones(new_world, both) as (world, company):
        assert company.number == "+447700900999"
        await replied(world, company, ADA, "Stop")
        said = await ask(world, "eve", "/escalate simulate P1")
        assert "On-call Engineer: Ada Obi by SMS ⚠ has answered STOP → the next tier at once" in said
        assert "Engineering Lead: Ben Moss by call ⚠ the number is TWILIO_FROM → the next tier at once" in said


async def test_a_simulation_that_is_refused_says_what_to_type_instead(world: World) -> None:
    wrong = {
        "simulate": "Type which severity and when: `/escalate simulate P1 Sun 03:00`",
        "simulate Sun 03:00": "There is no severity “Sun”. Use P1, P2 or P3.",
        "simulate P1 when it rains": "I can't read “when it rains” as a time: say for example `18:00`",
        "simulate P1 2026-01-01": "That time has passed",
    }
    for typed, said in wrong.items():
        assert said in await ask(world, "eve", f"/escalate {typed}"), typed
    world.nothing_else_was_sent()
