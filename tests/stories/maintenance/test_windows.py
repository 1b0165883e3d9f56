"""Planned work: its card, its start and end, and the alerts silenced meanwhile."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from bot.domain.errors import AlreadyDone, NotPermitted, Refused
from bot.sandbox.model import Message
from commands.incident.maintenance import read
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, alert, watched
from tests.stories.asking import ask
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
VERIFIED = "\nchecklists: {verification: [Users can log in, Error rate is normal]}\n"
PLAN = "/incident maintenance Database upgrade at {} for 2h"


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS + VERIFIED, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


def shown(world: World, holding: str) -> Message:
    """The newest message with these words in the incident channel."""
    return [one for one in world.workspace.messages("#incidents") if holding in words_of(one)][-1]


def card(world: World) -> Message:
    return shown(world, "· Maintenance")


def labels(message: Message) -> list[str]:
    return [one["text"]["text"] for row in message.blocks or [] if row["type"] == "actions" for one in row["elements"]]


async def presses(world: World, who: str, label: str, message: Message, **values: str) -> str:
    person = world.workspace.person(who)
    answer = await person.presses(label, message)
    if values:
        await world.settled()
        await person.submits(values=values)
    await world.settled()
    return answer.text


async def state(world: World, number: int = 1) -> str:
    window, _ = await world.house.windows.find(number)
    return str(window.state)


async def history(world: World, number: int = 1) -> list[tuple[str, str]]:
    _, entries = await world.house.windows.find(number)
    return [(one.actor, one.text.split()[0].rstrip(",:")) for one in entries]


async def test_planned_work_begins_by_itself_and_its_owner_says_when_it_is_done(world: World) -> None:
    said = await ask(world, "ada", PLAN.format("in 4h"))
    assert "M-1" in said and "#incidents" in said
    assert "planned by Ada" in words_of(card(world))
    assert labels(card(world)) == ["Begin now", "Move", "Cancel"]

    await world.passes(hours=4)
    assert "under way" in words_of(card(world)) and labels(card(world)) == ["Done", "Extend 30 min"]
    assert shown(world, "has begun")
    await world.passes(hours=1)
    await presses(world, "ada", "Done", card(world))
    assert "Maintenance done" in words_of(card(world)) and labels(card(world)) == []
    assert "Users can log in" in words_of(shown(world, "Verify now"))
    assert await history(world) == [("ada", "planned"), ("tocsin", "begun"), ("ada", "done")]
    await world.passes(hours=24)
    assert await history(world) == [("ada", "planned"), ("tocsin", "begun"), ("ada", "done")]


async def test_at_the_planned_end_the_owner_is_asked_and_extends_the_work(world: World) -> None:
    await ask(world, "ada", PLAN.format("in 1h"))
    await world.passes(hours=1)
    await world.passes(hours=2)
    question = shown(world, "Is it done?")
    assert labels(question) == ["Done", "Extend 30 min", "Extend 1 h"]
    assert world.ada.id in words_of(question)
    await presses(world, "ada", "Extend 1 h", question)
    assert "goes on until" in words_of(shown(world, "goes on"))
    await world.passes(minutes=59)
    assert (await history(world))[-1] == ("ada", "extended")
    await world.passes(minutes=1)
    assert "Is it done?" in words_of(shown(world, "Is it done?"))
    await world.passes(minutes=15)
    assert (await history(world))[-1] == ("tocsin", "nobody")
    await world.passes(days=2)
    assert len(await history(world)) == 6 and await state(world) == "under_way"


async def test_silenced_alerts_page_nobody_during_the_work_but_do_if_they_still_fire_afterwards(
    world: World, monitoring: Monitoring
) -> None:
    await ask(world, "ada", PLAN.format("in 1h") + " silencing instance=db-*")
    await world.passes(hours=1)
    await monitoring.fires(alert("SiteDown", severity="critical", instance="db-1"))
    await world.passes(minutes=30)
    assert monitoring.cards == [] and world.pages_of("ada") == []
    assert "silenced until" in words_of(card(world))
    await presses(world, "ada", "Done", card(world))
    assert len(monitoring.cards) == 1 and len(world.pages_of("ada")) == 1
    assert "no longer silenced" in words_of(card(world))


async def test_alerts_resolved_before_the_work_ends_are_not_shown_afterwards(
    world: World, monitoring: Monitoring
) -> None:
    await ask(world, "ada", PLAN.format("in 1h") + " silencing instance=db-*")
    await world.passes(hours=1)
    await monitoring.fires(alert("SiteDown", severity="critical", instance="db-1"))
    await monitoring.fires(alert("SiteDown", severity="critical", instance="db-1", status="resolved"))
    await presses(world, "ada", "Done", card(world))
    await world.passes(hours=1)
    assert monitoring.cards == [] and world.pages_of("ada") == []


async def test_when_nobody_answers_after_the_planned_end_alerts_are_unmuted(
    world: World, monitoring: Monitoring
) -> None:
    await ask(world, "ada", PLAN.format("in 1h") + " silencing instance=db-*")
    await world.passes(hours=1)
    await monitoring.fires(alert("SiteDown", severity="critical", instance="db-1"))
    await world.passes(hours=2, minutes=14)
    assert world.pages_of("ada") == []
    await world.passes(minutes=1)
    assert len(world.pages_of("ada")) == 1
    await presses(world, "ada", "Extend 30 min", card(world))
    assert "silenced until" in words_of(card(world))


async def test_moving_and_cancelling_the_work_record_who_and_why(world: World) -> None:
    await ask(world, "ada", PLAN.format("in 1h"))
    await presses(world, "ben", "Move", card(world), when="in 3h", lasts="1h", why="The vendor is late")
    assert "The vendor is late" in words_of(shown(world, "moved by Ben"))
    await world.passes(hours=2)
    assert await state(world) == "planned"
    await presses(world, "ben", "Cancel", card(world), why="Not needed")
    assert "Not needed" in words_of(card(world)) and labels(card(world)) == []
    await world.passes(hours=5)
    assert await history(world) == [("ada", "planned"), ("ben", "moved"), ("ben", "cancelled")]
    said = await ask(world, "eve", "/incident maintenance M-1")
    assert "Not needed" in said and "Ben Moss" in said


async def test_a_time_in_the_past_is_refused_with_what_to_type(world: World) -> None:
    said = await ask(world, "ada", PLAN.format("2020-01-01 22:00"))
    assert "past" in said and "tomorrow 22:00" in said
    assert await world.house.windows.newest() == ([], 0)


@pytest.mark.parametrize("typed", ["Upgrade", "Upgrade at 22:00", "Upgrade for 2h", "Upgrade at noonish for 2h"])
async def test_an_invalid_plan_is_answered_with_an_example(world: World, typed: str) -> None:
    said = await ask(world, "ada", f"/incident maintenance {typed}")
    assert "say for example `18:00`" in said or "/incident maintenance Database upgrade at" in said
    assert await world.house.windows.newest() == ([], 0)


@pytest.mark.parametrize(
    ("typed", "what", "starts", "lasts", "silencing"),
    [
        ("Upgrade at 22:00 for 2h", "Upgrade", "06 22:00", 120, ""),
        ("Upgrade on Sunday at 22:00 for 90 minutes", "Upgrade", "09 22:00", 90, ""),
        ("Upgrade tomorrow 22:00 for 1h30m silencing orders", "Upgrade", "07 22:00", 90, "orders"),
        ("Work at the warehouse for Acme at 22:00 for 2h", "Work at the warehouse for Acme", "06 22:00", 120, ""),
        ("Upgrade at 2026-12-01 22:00 for 2h silencing a=b, c=d", "Upgrade", "01 22:00", 120, "a=b, c=d"),
    ],
)
async def test_title_start_and_duration_are_parsed_from_one_line(
    world: World, typed: str, what: str, starts: str, lasts: int, silencing: str
) -> None:
    zone = world.house.runbook.timezone
    found = await read(typed, world.clock.now(), zone)
    assert (found.what, found.silencing) == (what, silencing)
    assert f"{found.starts_at.astimezone(zone):%d %H:%M}" == starts
    assert found.lasts == timedelta(minutes=lasts)


async def test_without_arguments_a_form_opens_and_plans_the_work(world: World) -> None:
    await world.ada.types("/incident maintenance", "#general")
    await world.settled()
    await world.ada.submits(values={"what": "Upgrade", "when": "in 2h", "lasts": "1h", "silencing": ""})
    await world.settled()
    assert "Upgrade" in words_of(card(world))


async def test_two_processes_take_each_step_once(world: World) -> None:
    await ask(world, "ada", PLAN.format("in 1h"))
    async with world.joined():
        await world.passes(hours=1)
        await world.passes(hours=2)
        await world.passes(minutes=15)
    assert [text for _, text in await history(world)] == ["planned", "begun", "planned", "nobody"]
    assert len([one for one in world.workspace.messages("#incidents") if "has begun" in one.text]) == 1
    assert len([one for one in world.workspace.messages("#incidents") if "Is it done?" in one.text]) == 1


async def test_work_that_was_due_while_the_bot_was_down_is_asked_about_and_not_announced_as_begun(
    world: World,
) -> None:
    await ask(world, "ada", PLAN.format("in 1h"))
    await world.passes(hours=9)
    assert shown(world, "Is it done?")
    assert not any("has begun" in one.text for one in world.workspace.messages("#incidents"))
    assert ("tocsin", "its") in await history(world) and ("tocsin", "begun") not in await history(world)
    assert "past its time" in words_of(card(world)) and "Since" not in words_of(card(world))


async def test_a_forged_button_changes_nothing(world: World) -> None:
    await ask(world, "ada", PLAN.format("in 1h"))
    for action, value in [
        ("maintenance.begin", "x"), ("maintenance.extend", "1 999999"), ("maintenance.done", "77"),
        ("maintenance.cancel", "1; DROP"), ("maintenance.done", "1"),
    ]:  # fmt: skip
        forged = card(world)
        row = next(one for one in forged.blocks or [] if one["type"] == "actions")
        row["elements"][0] |= {"action_id": action, "value": value}
        assert await presses(world, "eve", "Begin now", forged)
    assert await state(world) == "planned"


async def test_a_hostile_title_mentions_nobody_and_forges_no_link(world: World) -> None:
    await ask(world, "ada", "/incident maintenance <!channel> *x* &lt;https://evil.example|here&gt; at in 1h for 2h")
    await world.passes(hours=1)
    await world.passes(hours=2)
    assert world.workspace.audit() == []
    assert all("<!channel>" not in words_of(one) for one in world.workspace.messages("#incidents"))


async def test_people_who_may_not_declare_may_not_plan_work(new_world: NewWorld) -> None:
    async with new_world(
        runbook=WITH_ALERTS + "\npermissions: {incident.declare: [ada]}\n", ALERTS_TOKEN=TOKEN
    ) as world:
        assert "Ada" in await ask(world, "eve", PLAN.format("in 1h"))
        await ask(world, "ada", PLAN.format("in 1h"))
        assert "Ada" in await presses(world, "eve", "Begin now", card(world))
        with pytest.raises(Refused):
            await world.house.windows.cancel(world.house.people.actor(world.eve.id, None, None), 1)
        assert await state(world) == "planned"


async def test_work_begun_a_day_early_ends_a_day_early_and_so_does_its_silence(
    world: World, monitoring: Monitoring
) -> None:
    await ask(world, "ada", PLAN.format("in 24h") + " silencing instance=db-*")
    await presses(world, "ada", "Begin now", card(world))
    await world.passes(hours=2)
    assert world.ada.id in words_of(shown(world, "Is it done?"))
    await world.passes(minutes=16)
    await monitoring.fires(alert("SiteDown", severity="critical", instance="db-1"))
    await world.settled()
    assert len(monitoring.cards) == 1


async def test_extending_the_work_neither_revives_an_ended_silence_nor_shortens_one(
    world: World, monitoring: Monitoring
) -> None:
    await ask(world, "ada", PLAN.format("in 1h") + " silencing instance=db-*")
    await ask(world, "ada", PLAN.format("in 1h") + " silencing instance=web-*")
    await world.passes(hours=1)
    first, second = sorted((one for one, _ in await world.house.silences.in_force()), key=lambda one: one.id)
    ada = world.house.people.actor(world.ada.id, None, None)
    await world.house.silences.end(ada, first.id)
    async with world.house.db.transaction() as conn:
        await conn.execute("UPDATE silences SET ends_at = ends_at + interval '1 day' WHERE ended_at IS NULL")
    longer = {one.id: one.ends_at for one, _ in await world.house.silences.in_force()}[second.id]
    for number in (1, 2):
        await world.house.windows.extend(ada, number, timedelta(minutes=30))
    assert {one.id: one.ends_at for one, _ in await world.house.silences.in_force()} == {second.id: longer}


async def test_pressing_extend_twice_extends_the_work_once(world: World) -> None:
    await ask(world, "ada", PLAN.format("in 1h"))
    await world.passes(hours=1)
    before, _ = await world.house.windows.find(1)
    ada = world.house.people.actor(world.ada.id, None, None)
    await world.house.windows.extend(ada, 1, timedelta(minutes=30), before.ends_at)
    with pytest.raises(AlreadyDone):
        await world.house.windows.extend(ada, 1, timedelta(minutes=30), before.ends_at)
    assert (await world.house.windows.find(1))[0].ends_at == before.ends_at + timedelta(minutes=30)


async def test_one_failing_plan_blocks_no_other_and_a_long_list_says_how_many_more_there_are(
    world: World,
) -> None:
    for _ in range(21):
        await ask(world, "ada", PLAN.format("in 1h"))
    assert "and 1 more" in await ask(world, "ada", "/incident maintenance list")
    async with world.house.db.transaction() as conn:
        await conn.execute("ALTER TABLE maintenance ADD CHECK (id <> 1 OR state = 'planned')")
    await world.passes(hours=1)
    assert [await state(world, number) for number in (1, 2, 21)] == ["planned", "under_way", "under_way"]


async def test_people_who_may_not_silence_alerts_cannot_begin_move_or_extend_work_that_does(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=WITH_ALERTS + "\npermissions: {alert.silence: [ada]}\n", ALERTS_TOKEN=TOKEN) as world:
        await ask(world, "ada", PLAN.format("in 1h") + " silencing instance=db-*")
        assert "Ada" in await presses(world, "ben", "Begin now", card(world))
        ben, later = world.house.people.actor(world.ben.id, None, None), world.clock.now() + timedelta(hours=3)
        with pytest.raises(NotPermitted, match="Ada"):
            await world.house.windows.move(ben, 1, later, timedelta(hours=1))
        await presses(world, "ada", "Begin now", card(world))
        assert "Ada" in await presses(world, "ben", "Extend 30 min", card(world))
