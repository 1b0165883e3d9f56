"""Delayed pages, and paging a tier again: people who don't answer are paged by more ways, the others are left alone."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.runbook import RunbookMistakes, read
from bot.services.upkeep.timekeeping import WAITS
from bot.store.paging import escalations
from bot.store.paging import pages as store
from bot.store.upkeep import timekeeping
from tests.processes import fleet
from tests.stories.asking import ask
from tests.stories.paging.test_paging import declared
from tests.stories.paging.test_reaching import pages, to_ada
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

MAIL = {"SMTP_URL": "smtp://localhost:1", "MAIL_FROM": "tocsin@example.com"}
LATER = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, {email: 2m}]}")
# Slack is the easiest way to observe. Ben has only the delayed page, so anything earlier is a mistake.
WAITING = RUNBOOK.replace("who: [ada]}", "who: [ben], via: [{slack: 2m}], again: 5m}").replace(
    "who: [ben]}", "who: [cleo]}"
)
AGAIN = RUNBOOK.replace("who: [ada]}", "who: [ada], again: 5m}")


async def states(world: World) -> list[tuple[str, str, str]]:
    return [(page["person"], page["via"], page["state"]) for page in await pages(world)]


async def test_a_delayed_page_is_sent_when_its_delay_is_over_and_the_card_says_when(new_world: NewWorld) -> None:
    async with new_world(runbook=WAITING) as world:
        await declared(world)
        assert await states(world) == [("ben", "slack", "waiting")]
        assert "⏳ Ben Moss, On-call Engineer: Slack <!date" in words_of(world.card())
        await world.passes(seconds=119)
        assert world.pages_of("ben") == []
        assert world.pages_of("cleo") == [], "what is still to come leaves nobody unreached"
        await world.passes(seconds=1)
        assert len(world.pages_of("ben")) == 1
        assert "is late" not in words_of(world.pages_of("ben")[0])
        assert "Slack sent" in words_of(world.card())


async def test_an_acknowledgement_cancels_the_delayed_pages(new_world: NewWorld) -> None:
    async with new_world(runbook=WAITING) as world:
        await declared(world)
        await world.passes(minutes=1)
        await world.eve.types("/escalate ack INC-1")
        await world.passes(hours=2)
        assert await states(world) == [("ben", "slack", "cancelled")]
        assert world.pages_of("ben") == [] and world.pages_of("cleo") == []


async def test_after_an_outage_an_overdue_delayed_page_is_sent_at_once_and_says_it_is_late(new_world: NewWorld) -> None:
    async with new_world(runbook=WAITING) as world:
        await declared(world)
        async with world.joined():
            await world.passes(minutes=4)
        [page] = world.pages_of("ben")
        assert "is late" in words_of(page)
        assert world.pages_of("cleo") == []


async def test_a_refusal_sends_the_delayed_pages_of_the_same_person_at_once(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=LATER, **MAIL) as world:
        world.workspace.faults.refuse("chat.postMessage", "channel_not_found", when=to_ada)
        await declared(world)
        ways = {page["via"]: page for page in await pages(world)}
        assert ways["slack"]["state"] == "refused"
        assert ways["email"]["first_attempt_at"] is not None, "reaching somebody matters more than sparing them"
        assert world.pages_of("ben") == [], "not before that has failed as well"
        await world.passes(seconds=21)
        assert len(world.pages_of("ben")) == 1


async def test_a_person_without_a_contact_for_the_immediate_ways_is_paged_by_the_delayed_ones_at_once(
    new_world: NewWorld,
) -> None:
    runs = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [webhook, {slack: 2m}]}")
    async with new_world(runbook=runs) as world:
        await declared(world)
        assert len(world.pages_of("ada")) == 1


async def test_a_snooze_holds_the_delayed_pages(new_world: NewWorld) -> None:
    async with new_world(runbook=WAITING) as world:
        await declared(world)
        await world.passes(minutes=1)
        await world.ada.types("/escalate snooze INC-1 30m")
        await world.passes(minutes=29)
        assert world.pages_of("ben") == [] and world.pages_of("cleo") == []
        await world.passes(minutes=1)
        assert len(world.pages_of("ben")) == 1
        assert "is late" not in words_of(world.pages_of("ben")[0])


async def test_a_tier_with_again_is_paged_repeatedly_until_the_next_step(new_world: NewWorld) -> None:
    async with new_world(runbook=AGAIN) as world:
        await declared(world)
        assert "Next: On-call Engineer again" in await ask(world, "eve", "/escalate status INC-1")
        for minutes, count in ((4, 1), (1, 2), (5, 3), (5, 3), (30, 3)):
            await world.passes(minutes=minutes)
            assert len(world.pages_of("ada")) == count
        assert "Page no. 3: not acknowledged yet" in words_of(world.pages_of("ada")[-1])
        assert len(world.pages_of("ben")) == len(world.pages_of("cleo")) == 1
        assert [page["round"] for page in await pages(world)] == [1, 2, 3, 1, 1]


async def test_people_who_acknowledged_are_not_paged_again_and_an_outage_costs_the_others_one_late_page(
    new_world: NewWorld,
) -> None:
    runs = AGAIN.replace("who: [ada]", "who: [ada, eve]").replace(
        "  cleo:", "  eve: {email: eve@example.com}\n  cleo:", 1
    )
    runs = runs.replace("    escalation:\n      steps:", "    escalation:\n      stops_on: resolved\n      steps:", 1)
    async with new_world(runbook=runs) as world:
        await declared(world)
        await world.ada.types("/escalate ack INC-1")
        await world.passes(minutes=12)
        assert (len(world.pages_of("ada")), len(world.pages_of("eve"))) == (1, 2)
        assert "is late" in words_of(world.pages_of("eve")[-1])
        await world.passes(minutes=2)
        assert len(world.pages_of("eve")) == 2, "the next one is counted from the one that was late"


async def test_a_clock_set_back_keeps_the_delay_of_a_page_and_a_restart_does_not_shorten_it(
    new_world: NewWorld,
) -> None:
    slow = WAITING.replace("{slack: 2m}", "{slack: 12m}")
    async with new_world(runbook=slow) as world:
        await declared(world)
        now = world.clock.now()
        async with world.house.db.transaction() as conn:
            assert await timekeeping.put_right(conn, now, WAITS, by=timedelta(0)) == {}
        [before] = await pages(world)
        assert before["due_at"] == now + timedelta(minutes=12)
        back = now - timedelta(hours=1)
        async with world.house.db.transaction() as conn:
            await timekeeping.put_right(conn, back, WAITS, by=timedelta(hours=-1))
            [page] = await store.of_incident(conn, 1)
            waiting = "SELECT due_at FROM outbox WHERE kind = 'page' AND state = 'waiting'"
            [delivery] = await (await conn.execute(waiting)).fetchall()
            ladder = await escalations.get(conn, 1)
        assert page.due_at == delivery["due_at"] == back + timedelta(minutes=12)
        assert ladder.again_at == back + timedelta(minutes=5)


async def test_a_simulation_shows_the_delayed_pages_and_how_often_a_tier_is_paged_again(new_world: NewWorld) -> None:
    runs = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, {email: 2m}], again: 5m}")
    async with new_world(runbook=runs, **MAIL) as world:
        said = await ask(world, "eve", "/escalate simulate P1")
        assert "`15:00 BST` On-call Engineer: Ada Obi by Slack, email 15:02 BST; again every 5 min, 2 times" in said


async def test_a_delayed_page_of_a_killed_process_is_sent_once_by_the_others(database: str, tmp_path: Path) -> None:
    async with fleet(database, tmp_path, runbook=WAITING.replace("{slack: 2m}", "{slack: 4s}")) as processes:
        [doomed] = await processes.start()
        await processes.declared()
        await processes.until(lambda: processes.posted("announcement:"))
        await doomed.dies()
        assert processes.posted("page:") == []
        await processes.start(2)
        await processes.until(lambda: processes.posted("page:"))
        await processes.until_calm()
        assert len(processes.posted("page:")) == 1
        assert [page.state for page in await processes.pages()] == ["accepted"]


@pytest.mark.parametrize(
    ("tier", "path", "words"),
    [
        ("via: [sms, {sms: 2m}]", "tiers.oncall.via[1]", "stands in this list twice"),
        ("via: [{smss: 2m}]", "tiers.oncall.via[0]", "did you mean sms?"),
        ("via: [{sms: soon}]", "tiers.oncall.via[0]", "soon"),
        ("via: [{sms: 2m, voice: 5m}]", "tiers.oncall.via[0]", "{sms: 2m}"),
        ("again: 10s", "tiers.oncall.again", "at least 1m"),
    ],
)
def test_a_mistake_in_the_ways_of_a_tier_is_reported_with_its_path(tier: str, path: str, words: str) -> None:
    with pytest.raises(RunbookMistakes) as caught:
        read(RUNBOOK.replace("who: [ada]}", f"who: [ada], {tier}}}"), {})
    [mistake] = caught.value.mistakes
    assert mistake.path == path and words in mistake.message
