"""A data breach: a private incident's card with the deadline of 72 hours, what is due, and what evidence to keep."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import Refused
from bot.domain.incidents.breach import Breach
from tests.world import World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
async def town(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world() as world:
        yield world


async def does(world: World, who: str, typed: str, where: str = "") -> str:
    person = world.workspace.person(who)
    answer = await person.types(typed, where or world.room())
    await world.passes(seconds=5)
    return str(answer) + "".join(words_of(one) for one in person.sees(where or world.room()))


def said(world: World, mark: str) -> list[str]:
    return [words for one in world.workspace.messages(world.room()) if mark in (words := words_of(one))]


def test_reminders_of_a_breach_count_from_its_detection_and_a_missed_one_is_skipped() -> None:
    breach = Breach(1, AT, "ada", AT).planned(AT)
    assert breach.due_at == AT + timedelta(hours=6)
    assert breach.owed(AT + timedelta(hours=5)) is None
    late = AT + timedelta(hours=50)
    assert breach.owed(late) == timedelta(hours=24) and breach.planned(late).due_at == AT + timedelta(hours=66)
    assert breach.planned(AT + timedelta(hours=73)).due_at is None
    told = breach.told(late, "ada", "ICO", late)
    assert told.due_at is None and told.owed(AT + timedelta(hours=80)) is None


async def test_the_room_is_reminded_of_the_breach_until_the_authority_is_notified(town: World) -> None:
    await does(town, "ada", "/incident private Customer list copied", "#general")
    await does(town, "ada", "/incident breach 1 hour ago")
    (card,) = said(town, "notify the authority by")
    assert "Evidence" in card and "72 hours" in card
    await does(town, "ada", "/incident breach")
    assert len(said(town, "notify the authority by")) == 1, "one card, whoever asks again"

    await town.passes(hours=5, seconds=30)
    assert len(said(town, "left to notify the authority")) == 1
    for hours in (18, 24, 18):
        await town.passes(hours=hours)
    assert len(said(town, "left to notify the authority")) == 4, "66, 48, 24 and 6 hours before"

    message = next(one for one in town.workspace.messages(town.room()) if "72 hours from" in words_of(one))
    await town.ada.presses("Authority notified", message)
    await town.passes(seconds=1)
    await town.ada.submits(values={"whom": "ICO, case 4711", "when": "20 minutes ago"})
    await town.passes(hours=8)
    assert said(town, "authority notified") and "ICO, case 4711" in said(town, "Data breach: authority")[0]
    assert not said(town, "The 72 hours are over")

    async with town.house.db.transaction() as conn:
        rows = await (await conn.execute("SELECT due_at, notified_by FROM breaches")).fetchall()
    assert len(rows) == 1
    record = await town.house.records.of(1)
    assert record.breach and record.breach.notified == "ICO, case 4711"


async def test_a_detection_time_with_extra_words_or_after_the_notification_is_refused(town: World) -> None:
    await does(town, "ada", "/incident private Customer list copied", "#general")
    assert "more in it than a time" in await does(town, "ada", "/incident breach 14:05 by mail")
    assert not said(town, "notify the authority by")
    told = Breach(1, AT, "ada", AT).told(AT + timedelta(hours=5), "ada", "ICO", AT + timedelta(hours=6))
    with pytest.raises(Refused, match="after the authority was notified"):
        told.detected(AT + timedelta(hours=6), AT + timedelta(hours=6))


async def test_a_reminder_posted_too_early_by_a_fast_clock_is_posted_again_on_time(town: World) -> None:
    await does(town, "ada", "/incident private Customer list copied", "#general")
    await does(town, "ada", "/incident breach 1 hour ago")
    await town.passes(hours=50)
    assert len(said(town, "left to notify the authority")) == 1
    town.clock.move(timedelta(hours=-49))
    await town.house.timekeeping.put_right(by=timedelta(hours=-49))
    await town.passes(seconds=5)
    assert len(said(town, "left to notify the authority")) == 1
    await town.passes(hours=5)
    assert len(said(town, "left to notify the authority")) == 2, "66 hours before"
