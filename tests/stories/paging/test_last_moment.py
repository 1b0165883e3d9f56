"""What happens between the last look and a page's first byte still counts: an acknowledgement, or time passing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta

import pytest
from psycopg import AsyncConnection

from bot.domain.paging.escalation import LATE_AFTER
from bot.services.paging.last_look import FRESH
from bot.store.paging import pages as stored_pages
from tests.mail_server import PostOffice, post_office
from tests.processes import until
from tests.stories.paging.test_reaching import pages
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

BY_MAIL = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [email]}")


class BusyPostOffice(PostOffice):
    """Holds every letter at RCPT until `may_go_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.at_the_counter = 0
        self.may_go_on = asyncio.Event()

    async def _answer(self, step: str) -> str:
        if step == "RCPT":
            self.at_the_counter += 1
            await self.may_go_on.wait()
        return await super()._answer(step)


@pytest.fixture
async def office() -> AsyncIterator[BusyPostOffice]:
    busy = BusyPostOffice()
    async with post_office(busy):
        yield busy


@pytest.fixture
async def world(new_world: NewWorld, office: BusyPostOffice) -> AsyncIterator[World]:
    server = f"smtp://127.0.0.1:{office.port}"
    async with new_world(runbook=BY_MAIL, SMTP_URL=server, MAIL_FROM="tocsin@example.com") as world:
        await world.eve.types("/incident declare P1 Payments failing")
        await world.workspace.until(lambda: office.at_the_counter)
        yield world


async def test_an_acknowledgement_while_the_mail_server_is_being_contacted_stops_the_page(
    world: World, office: BusyPostOffice
) -> None:
    await world.workspace.until(lambda: world.workspace.channel("#incidents").messages)
    began = world.clock.elapsed()
    await world.ada.types("/escalate ack INC-1")

    async def is_answered() -> bool:
        states = [page["state"] for page in await pages(world)]
        return states == ["cancelled"] and world.clock.elapsed() - began > FRESH

    await until(is_answered)
    office.may_go_on.set()
    await world.settled()

    assert office.letters == []
    assert [page["state"] for page in await pages(world)] == ["cancelled"]
    assert "not sent, no longer needed" in words_of(world.card())


async def answered_here(world: World) -> None:
    await world.ada.types("/escalate ack INC-1")


async def answered_by_another_process(world: World) -> None:
    async with world.house.db.transaction() as conn:
        await stored_pages.cancel_waiting(conn, 1, lambda _: None)


@pytest.mark.parametrize("answered", [answered_here, answered_by_another_process])
async def test_a_page_about_to_leave_is_stopped_by_an_acknowledgement_even_if_the_database_does_not_answer(
    world: World, office: BusyPostOffice, answered: Callable[[World], Awaitable[None]]
) -> None:
    await answered(world)
    await world.workspace.until(lambda: 1 in world.house.departures.cancelled)
    async with await AsyncConnection.connect(world.house.db.conninfo) as holder:
        await holder.execute("LOCK TABLE pages IN ACCESS EXCLUSIVE MODE")
        office.may_go_on.set()
        await world.workspace.until(lambda: office.under_way == 0)
    await world.settled()

    assert office.letters == []
    assert [page["state"] for page in await pages(world)] == ["cancelled"]


async def test_an_acknowledgement_that_is_rolled_back_stops_no_page(world: World, office: BusyPostOffice) -> None:
    with suppress(RuntimeError):
        async with world.house.db.transaction() as conn:
            await stored_pages.cancel_waiting(conn, 1, world.house.departures.cancelled.note)
            raise RuntimeError
    assert 1 not in world.house.departures.cancelled
    office.may_go_on.set()
    await world.settled()
    assert [page["state"] for page in await pages(world)] == ["accepted"]


@pytest.mark.parametrize(
    ("waited", "late"), [(LATE_AFTER, False), (LATE_AFTER + timedelta(milliseconds=1), True)], ids=["in time", "late"]
)
async def test_a_page_delayed_on_its_way_to_the_provider_says_it_is_late(
    world: World, office: BusyPostOffice, waited: timedelta, late: bool
) -> None:
    world.clock.move(waited)
    office.may_go_on.set()
    await world.settled()

    (letter,) = office.letters
    assert (", late" in letter["Subject"]) == late
    assert [page["late"] for page in await pages(world)] == [late]


async def test_a_page_its_provider_rejects_at_first_says_it_is_late_when_it_is_retried(
    new_world: NewWorld, office: BusyPostOffice
) -> None:
    office.may_go_on.set()
    office.says["RCPT"] = "451 later"
    server = f"smtp://127.0.0.1:{office.port}"
    async with new_world(runbook=BY_MAIL, SMTP_URL=server, MAIL_FROM="tocsin@example.com") as world:
        await world.eve.types("/incident declare P1 Payments failing")
        await world.settled()
        office.says.clear()
        await world.passes(seconds=3)
        (letter,) = office.letters
        assert ", late" in letter["Subject"]
