"""Asking everybody for cover, and shifts in one's own calendar."""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from icalendar import Calendar

from bot.domain.actor import Actor
from bot.domain.errors import AlreadyDone, NotFound, NotPermitted, Refused
from bot.domain.people.schedule import DAY
from bot.sandbox.model import Message
from bot.services.paging.keyring import CALENDARS
from bot.store.people import cover_requests
from tests.stories.asking import ask, whispered
from tests.stories.people.test_rota import ON_A_SCHEDULE
from tests.world import BEGINNING, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

PUBLIC = "https://tocsin.example.com"


def at(event: Any, name: str = "DTSTART") -> Any:
    return event[name].dt


def asked_in(world: World) -> Message:
    channel = next(one for one in world.workspace.conversations if one.name == "incidents")
    return next(one for one in reversed(channel.messages) if one.ephemeral_for is None and "cover" in words_of(one))


async def test_requested_cover_is_taken_once_by_one_member_of_the_schedule(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        said = await ask(world, "eve", "/escalate cover primary ask until Fri 18:00")
        assert "Asked in #incidents" in said
        message = asked_in(world)
        assert "asks for cover of `primary`" in words_of(message)
        assert "Only people on `primary` can take it: Ada Obi, Ben Moss" in await pressed(world, "dev", message)
        await pressed(world, "ben", message)
        assert "Ben Moss covers `primary`" in words_of(asked_in(world))
        assert "Take it" not in words_of(asked_in(world))
        with pytest.raises(AlreadyDone, match="Ben Moss has taken it already"):
            await world.house.cover_requests.take(Actor("ada", "U0ADA"), 1)
        assert re.search(r"`primary` Ben Moss until .*\(now for Ada Obi\)", await ask(world, "eve", "/escalate oncall"))
        assert any("Ben Moss covers `primary`*, " in words_of(one) for one in world.pages_of("eve"))


async def test_somebody_already_on_call_then_cannot_take_the_cover(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "ada", "/escalate cover primary ask until Fri 18:00")
        await pressed(world, "ada", asked_in(world))
        [said] = [words_of(one) for one in whispered(world, "ada", "#incidents")]
        assert "You have `primary` then already" in said and world.house.people.covers_of("primary") == []
        # After Monday's handover it is Ben's turn, so there is something for Ada to take.
        await ask(world, "eve", "/escalate cover primary ask until Tue 18:00")
        await pressed(world, "ada", asked_in(world))
        taken = words_of(asked_in(world))
        assert "Ada Obi covers `primary`*" in taken and "<@U0EVE> asked" in taken and "for" not in taken.split()


async def test_a_withdrawn_request_for_cover_can_no_longer_be_taken(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "eve", "/escalate cover primary ask until Tue 18:00")
        message = asked_in(world)
        assert "Only Eve" in await pressed(world, "ben", message, "Withdraw")
        await pressed(world, "eve", message, "Withdraw")
        assert "Withdrawn" in words_of(asked_in(world)) and "Take it" not in words_of(asked_in(world))
        with pytest.raises(AlreadyDone, match="no cover is needed"):
            await world.house.cover_requests.take(Actor("ben", "U0BEN"), 1)
        await world.passes(days=7)
        assert "Withdrawn" in words_of(asked_in(world)) and world.house.people.covers_of("primary") == []


async def test_when_two_people_take_a_cover_at_once_one_gets_it(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "eve", "/escalate cover primary ask until Tue 18:00")
        take = world.house.cover_requests.take
        both = [Actor(who, f"U0{who.upper()}") for who in ("ada", "ben")]
        taken = await asyncio.gather(*(take(who, 1) for who in both), return_exceptions=True)
        assert sorted(type(one).__name__ for one in taken) == ["AlreadyDone", "CoverRequest"]
        assert len(world.house.people.covers_of("primary")) == 1


async def test_without_a_channel_to_post_in_the_answer_says_nobody_was_asked(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        async with world.house.db.transaction() as conn:
            await conn.execute("DELETE FROM channels")
        said = await ask(world, "eve", "/escalate cover primary ask until Fri 18:00")
        assert "nobody was asked" in said and "#incidents" in said
        async with world.house.db.statement() as conn:
            assert await cover_requests.get(conn, 1) is None


async def test_an_untaken_request_loses_its_button_when_the_cover_would_end(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "eve", "/escalate cover primary ask until Fri 18:00")
        await world.passes(days=1, hours=3)
        assert "Nobody took it" in words_of(asked_in(world)) and "Take it" not in words_of(asked_in(world))
        with pytest.raises(Refused, match="That cover is over"):
            await world.house.cover_requests.take(Actor("ben", "U0BEN"), 1)


async def test_a_name_is_refused_where_it_has_no_effect(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        said = await ask(world, "eve", "/escalate cover primary @ben ask until Fri 18:00")
        assert "takes no name" in said and "Type `/escalate cover primary ask until Mon 9am`" in said
        with pytest.raises(NotFound):
            await world.house.cover_requests.take(Actor("ben", "U0BEN"), 1)
        await ask(world, "eve", "/escalate cover primary @cleo until Fri 18:00")
        assert "takes no name" in await ask(world, "eve", "/escalate cover primary @ben off")
        assert [cover.person for cover in world.house.people.covers_of("primary")] == ["cleo"]


async def test_a_cover_taken_late_starts_then_and_a_repeated_press_is_answered_as_done(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        await ask(world, "eve", "/escalate cover primary ask until Fri 18:00")
        await world.passes(hours=2)
        await pressed(world, "ben", asked_in(world))
        [cover] = world.house.people.covers_of("primary")
        assert (cover.person, cover.begins) == ("ben", world.clock.now())
        async with world.house.db.statement() as conn:
            taken = await cover_requests.get(conn, 1)
        assert taken and taken.begins == cover.begins, "the card says from when on they have it"
        # As if the process had been killed between the commit and the answer.
        async with world.house.db.transaction() as conn:
            await conn.execute("UPDATE requests SET worked_at = NULL, holder = NULL, due_at = %s", [BEGINNING])
        await world.passes(seconds=1)
        said = [words_of(one) for one in whispered(world, "ben", "#incidents")]
        assert said[-1].startswith("✅ *Done:*") and not any("taken it already" in one for one in said)


async def test_only_people_who_may_cover_can_ask_for_cover_through_any_door(new_world: NewWorld) -> None:
    runs = ON_A_SCHEDULE + "permissions:\n  schedule.cover: [ada]\n"
    async with new_world(runbook=runs) as world:
        now = world.clock.now()
        with pytest.raises(NotPermitted):
            await world.house.cover_requests.ask(Actor("eve", "U0EVE"), "primary", begins=now, ends=now + DAY)


async def pressed(world: World, who: str, message: Message, label: str = "Take it") -> str:
    answer = await world.workspace.person(who).presses(label, message)
    await world.settled()
    return words_of(answer.messages[-1]) if answer.messages else ""


async def feed(world: World, link: str) -> tuple[int, str]:
    path = link.removeprefix(PUBLIC)
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{world.app.port}{path}") as answer:
        return answer.status, await answer.text()


async def link_of(world: World, who: str, typed: str) -> str:
    said = await ask(world, who, typed)
    return next(word.strip("<>") for word in said.split() if PUBLIC in word)


async def test_a_calendar_has_ninety_days_of_shifts_and_covers_and_its_link_dies_with_its_key(
    new_world: NewWorld,
) -> None:
    async with new_world(runbook=ON_A_SCHEDULE, PUBLIC_URL=PUBLIC) as world:
        await ask(world, "eve", "/escalate cover primary @cleo from Sat 10:00 until Sun 10:00")
        link = await link_of(world, "ada", "/escalate calendar primary")
        status, text = await feed(world, link)
        assert status == 200
        events = Calendar.from_ical(text).walk("VEVENT")
        starts = [at(event) for event in events]
        assert starts[0] == datetime(2026, 8, 3, 8, 0, tzinfo=UTC)
        assert datetime(2026, 10, 19, 8, 0, tzinfo=UTC) in starts
        assert datetime(2026, 10, 26, 9, 0, tzinfo=UTC) in starts, "nine o'clock after the clocks went back"
        assert any("Cleo Fox on call (primary), covers for Ada Obi" in str(event["SUMMARY"]) for event in events)
        assert all(at(event, "DTSTAMP") for event in events)
        uids = [str(event["UID"]) for event in events]
        again = Calendar.from_ical((await feed(world, link))[1]).walk("VEVENT")
        assert len(set(uids)) == len(uids) and [str(event["UID"]) for event in again] == uids

        own = Calendar.from_ical((await feed(world, await link_of(world, "cleo", "/escalate calendar")))[1])
        assert [at(event) for event in own.walk("VEVENT")] == [datetime(2026, 8, 8, 9, 0, tzinfo=UTC)]

        assert (await feed(world, f"{PUBLIC}/calendar/{'x' * 40}.ics"))[0] == 404
        await world.house.keyring.rotate(CALENDARS, at_once=True)
        assert (await feed(world, link))[0] == 404


async def test_without_a_public_url_there_is_no_calendar_link_and_the_answer_says_why(new_world: NewWorld) -> None:
    async with new_world(runbook=ON_A_SCHEDULE) as world:
        assert "PUBLIC_URL is not set" in await ask(world, "ada", "/escalate calendar")
