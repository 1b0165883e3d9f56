"""A snooze holds every page that no provider has been given yet, and says which may already be on their way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.services.paging.last_look import FRESH
from bot.store.paging import escalations
from tests.mail_server import PostOffice, post_office
from tests.processes import until
from tests.stories.asking import ask
from tests.stories.paging.test_last_moment import BusyPostOffice
from tests.stories.paging.test_paging import declared
from tests.stories.paging.test_reaching import pages, to_ada
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

LATER = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [{email: 2m}]}")


@pytest.fixture
async def office() -> AsyncIterator[BusyPostOffice]:
    busy = BusyPostOffice()
    async with post_office(busy):
        yield busy


def by(office: PostOffice) -> dict[str, str]:
    return {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "tocsin@example.com"}


async def snoozed(world: World, words: str) -> None:
    """Snooze, and wait until it is recorded and every last look from before it is out of date."""
    began = world.clock.elapsed()
    await world.eve.types(f"/escalate snooze {words}")

    async def is_snoozed() -> bool:
        async with world.house.db.statement() as conn:
            held = await escalations.get(conn, 1)
        return held.is_snoozed_at(world.clock.now()) and world.clock.elapsed() - began > FRESH

    await until(is_snoozed)


async def test_a_delayed_page_about_to_leave_is_held_until_the_snooze_is_over(
    new_world: NewWorld, office: BusyPostOffice
) -> None:
    async with new_world(runbook=LATER, **by(office)) as world:
        await declared(world)
        world.clock.move(timedelta(minutes=2))
        await world.workspace.until(lambda: office.at_the_counter)
        await snoozed(world, "INC-1 30m")
        office.may_go_on.set()
        await world.settled()
        assert "\nAda Obi: email may already be on its way" in world.said_in(world.room())[-1]
        assert office.letters == []
        [page] = await pages(world)
        assert (page["state"], page["attempts"], page["late"]) == ("waiting", 0, False)
        assert page["due_at"] == world.clock.now() + timedelta(minutes=30)
        assert "⏳ Ada Obi, On-call Engineer: email <!date" in words_of(world.card())
        await world.passes(minutes=30)
        [letter] = office.letters
        assert "late" not in letter["Subject"]
        [page] = [page for page in await pages(world) if page["person"] == "ada"]
        assert (page["state"], page["attempts"]) == ("accepted", 1)


async def test_a_page_not_accepted_yet_is_not_retried_before_the_snooze_is_over(new_world: NewWorld) -> None:
    async with new_world() as world:
        world.workspace.faults.limit("chat.postMessage", retry_after=10, when=to_ada)
        await declared(world)
        await snoozed(world, "INC-1 10m")
        await world.passes(minutes=5)
        assert world.pages_of("ada") == []
        await world.eve.types("/escalate cleo Look at this", world.room())
        await world.settled()
        assert len(world.pages_of("cleo")) == 1, "whoever is called in spite of the snooze is called"
        await world.passes(minutes=5)
        assert len(world.pages_of("ada")) == 1
        ada = (await pages(world))[0]
        assert (ada["attempts"], ada["late"]) == (2, False)


async def test_a_page_waiting_for_a_retry_can_be_snoozed_even_after_an_acknowledgement(new_world: NewWorld) -> None:
    async with new_world() as world:
        await declared(world)
        await world.ada.types("/escalate ack INC-1")
        world.workspace.faults.limit(
            "chat.postMessage", retry_after=10, when=lambda sent: sent.get("channel") == "U0BEN"
        )
        await world.eve.types("/escalate ben Look at this", world.room())
        await world.settled()
        assert "acknowledged" not in await ask(world, "eve", "/escalate snooze INC-1 10m")
        await world.passes(minutes=9)
        assert world.pages_of("ben") == []
        await world.passes(minutes=1)
        assert len(world.pages_of("ben")) == 1


async def test_if_a_tier_was_not_reached_the_next_one_is_paged_as_soon_as_the_snooze_is_over(
    new_world: NewWorld,
) -> None:
    async with new_world() as world:
        world.workspace.faults.limit("chat.postMessage", retry_after=10, when=to_ada)
        await declared(world)
        await snoozed(world, "INC-1 2m")
        world.workspace.faults.refuse("chat.postMessage", "channel_not_found", when=to_ada)
        await world.passes(seconds=119)
        assert world.pages_of("ben") == []
        await world.passes(seconds=1)
        await world.passes(seconds=1)
        assert len(world.pages_of("ben")) == 1, "and not after the rest of fifteen minutes"


async def test_the_time_limit_for_retries_of_an_unconfirmed_page_counts_from_the_end_of_the_snooze(
    new_world: NewWorld, office: BusyPostOffice
) -> None:
    office.may_go_on.set()
    office.says["DATA"] = "999 what was that"
    async with new_world(runbook=RUNBOOK.replace("who: [ada]}", "who: [ada], via: [email]}"), **by(office)) as world:
        await declared(world)
        await snoozed(world, "INC-1 10h")
        await world.passes(seconds=2)
        office.says["DATA"] = "450 greylisted"
        await world.passes(hours=10)
        assert (await pages(world))[0]["state"] == "waiting"
        del office.says["DATA"]
        await world.passes(minutes=1)
        assert (await pages(world))[0]["state"] == "accepted"


@pytest.mark.parametrize("was_posted", [True, False])
async def test_an_unconfirmed_page_is_searched_for_and_not_repeated_during_a_snooze(
    new_world: NewWorld, was_posted: bool
) -> None:
    async with new_world() as world:
        world.workspace.faults.drop("chat.postMessage", after=was_posted, when=to_ada)
        await declared(world)
        await snoozed(world, "INC-1 10m")
        await world.passes(minutes=5)
        ada = (await pages(world))[0]
        assert (len(world.pages_of("ada")), ada["state"]) == ((1, "accepted") if was_posted else (0, "waiting"))
        await world.passes(minutes=5)
        assert (len(world.pages_of("ada")), (await pages(world))[0]["state"]) == (1, "accepted")


class LossyPostOffice(PostOffice):
    """Takes the first letter, and drops the connection before it answers."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        if len(self.letters) == 1 and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return answer


async def test_a_snoozed_mail_that_may_have_arrived_is_shown_as_tried_once_and_not_as_late(
    new_world: NewWorld,
) -> None:
    """A mail can't be searched for, so it is sent again, and the snooze holds that."""
    at_once = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [email]}")
    async with post_office(LossyPostOffice()) as office, new_world(runbook=at_once, **by(office)) as world:
        await declared(world)
        await snoozed(world, "INC-1 10m")
        for _ in range(2):
            await world.passes(minutes=4)
            [page] = await pages(world)
            assert (page["state"], page["attempts"], page["late"]) == ("waiting", 1, False)
            assert "? Ada Obi, On-call Engineer: email not known whether it was sent, tried 1×" in words_of(
                world.card()
            )
        assert len(office.letters) == 1
        await world.passes(minutes=2)
        page = (await pages(world))[0]
        assert (len(office.letters), page["state"], page["attempts"]) == (2, "accepted", 2)
