"""Ways that wait, and the same people once more: who does not answer is called louder, and nobody who has."""

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
# Slack twice is what a story can see best: Ada at once, and Ben, who is paged by nothing before its time.
WAITING = RUNBOOK.replace("who: [ada]}", "who: [ben], via: [{slack: 2m}], again: 5m}").replace(
    "who: [ben]}", "who: [cleo]}"
)
AGAIN = RUNBOOK.replace("who: [ada]}", "who: [ada], again: 5m}")


async def states(world: World) -> list[tuple[str, str, str]]:
    return [(page["person"], page["via"], page["state"]) for page in await pages(world)]


async def test_a_way_that_waits_is_used_after_its_time_and_the_card_says_when(new_world: NewWorld) -> None:
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


async def test_an_acknowledgement_cancels_what_is_still_to_come(new_world: NewWorld) -> None:
    async with new_world(runbook=WAITING) as world:
        await declared(world)
        await world.passes(minutes=1)
        await world.eve.types("/escalate ack INC-1")
        await world.passes(hours=2)
        assert await states(world) == [("ben", "slack", "cancelled")]
        assert world.pages_of("ben") == [] and world.pages_of("cleo") == []


async def test_after_an_outage_it_goes_at_once_and_says_that_it_is_late_whoever_carries_it(new_world: NewWorld) -> None:
    async with new_world(runbook=WAITING) as world:
        await declared(world)
        async with world.joined():
            await world.passes(minutes=4)
        [page] = world.pages_of("ben")
        assert "is late" in words_of(page)
        assert world.pages_of("cleo") == []


async def test_whoever_is_refused_at_once_is_paged_by_the_other_ways_without_waiting(
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


async def test_whoever_has_no_contact_for_the_ways_that_are_used_at_once_is_not_kept_waiting(
    new_world: NewWorld,
) -> None:
    runs = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [webhook, {slack: 2m}]}")
    async with new_world(runbook=runs) as world:
        await declared(world)
        assert len(world.pages_of("ada")) == 1


async def test_a_snooze_holds_what_is_still_to_come(new_world: NewWorld) -> None:
    async with new_world(runbook=WAITING) as world:
        await declared(world)
        await world.passes(minutes=1)
        await world.ada.types("/escalate snooze INC-1 30m")
        await world.passes(minutes=29)
        assert world.pages_of("ben") == [] and world.pages_of("cleo") == []
        await world.passes(minutes=1)
        assert len(world.pages_of("ben")) == 1
        assert "is late" not in words_of(world.pages_of("ben")[0])


async def test_the_same_people_are_paged_once_more_every_so_often_until_the_next_step(new_world: NewWorld) -> None:
    async with new_world(runbook=AGAIN) as world:
        await declared(world)
        assert "Next: On-call Engineer again" in await ask(world, "eve", "/escalate status INC-1")
        for minutes, count in ((4, 1), (1, 2), (5, 3), (5, 3), (30, 3)):
            await world.passes(minutes=minutes)
            assert len(world.pages_of("ada")) == count
        assert "Page no. 3: not acknowledged yet" in words_of(world.pages_of("ada")[-1])
        assert len(world.pages_of("ben")) == len(world.pages_of("cleo")) == 1
        assert [page["round"] for page in await pages(world)] == [1, 2, 3, 1, 1]


async def test_who_acknowledges_is_not_paged_again_and_after_an_outage_everybody_once(new_world: NewWorld) -> None:
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


async def test_a_clock_that_was_ahead_makes_nobody_wait_longer_and_a_restart_makes_nothing_sooner(
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


async def test_a_simulation_shows_the_ways_that_wait_and_how_often_it_is_repeated(new_world: NewWorld) -> None:
    runs = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, {email: 2m}], again: 5m}")
    async with new_world(runbook=runs, **MAIL) as world:
        said = await ask(world, "eve", "/escalate simulate P1")
        assert "`15:00 BST` On-call Engineer: Ada Obi by Slack, email 15:02 BST; again every 5 min, 2 times" in said


async def test_a_process_killed_between_a_step_and_its_way_that_waits_leaves_it_to_the_others_once(
    database: str, tmp_path: Path
) -> None:
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
def test_what_is_written_wrongly_is_said_with_its_place(tier: str, path: str, words: str) -> None:
    with pytest.raises(RunbookMistakes) as caught:
        read(RUNBOOK.replace("who: [ada]}", f"who: [ada], {tier}}}"), {})
    [mistake] = caught.value.mistakes
    assert mistake.path == path and words in mistake.message
