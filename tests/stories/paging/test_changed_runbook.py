"""The runbook changes while a ladder climbs, or two processes have different ones: everybody is still paged."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.services import Services
from bot.services.outbox.kinds import PAGE
from bot.services.outbox.leases import LEASE
from bot.store.incidents import incidents
from bot.store.outbox import outbox
from bot.store.outbox.outbox import Delivery
from tests.mail_server import post_office
from tests.processes import Fleet, fleet
from tests.stories.paging.test_paging import declared
from tests.world import BOT, RUNBOOK, World

NewFleet = Callable[..., AbstractAsyncContextManager[Fleet]]
NewWorld = Callable[..., AbstractAsyncContextManager[World]]

EVE = Actor("eve")
SHIFTS = """
schedules:
  primary: {people: [ben], rotates: daily, starts: 2026-08-03}
"""
BEFORE = RUNBOOK.replace("who: [ben]}", "who: [schedule/primary], via: [slack, sms]}") + SHIFTS
# The schedule has another name and another person, and two people have left.
AFTER = (
    BEFORE.replace("primary", "leads")
    .replace("people: [ben]", "people: [dana]")
    .replace("  ben: {name: Ben Moss, email: ben@", "  dana: {name: Dana Low, email: dana@")
    .replace('  cleo: {name: Cleo Fox, email: cleo@example.com, phone: "+447700900003"}\n', "")
    .replace("who: [cleo]", "who: [ada]")
)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def new_fleet(database: str, tmp_path: Path) -> NewFleet:
    """`async with new_fleet() as fleet`: a fleet that has no process yet."""
    return partial(fleet, database, tmp_path)


@asynccontextmanager
async def declared_by_one(
    new_fleet: NewFleet, before: str, after: str
) -> AsyncIterator[tuple[Fleet, Services, Services]]:
    """An incident declared by a process with one runbook, and a second process with another. Both clocks are frozen."""
    async with (
        new_fleet(runbook=before) as fleet,
        fleet.app(Clock()).at_hand() as old,
        fleet.app(Clock(), runbook=after).at_hand() as new,
    ):
        now = datetime.now(UTC)
        for house in (old, new):
            house.clock.freeze(now)
        await old.declarations.declare(EVE, "Payments failing", severity="P1")
        yield fleet, old, new


async def paged(fleet: Fleet) -> list[tuple[str | None, str]]:
    return [(page.tier, page.person) for page in await fleet.pages()]


async def claimed(house: Services) -> Delivery:
    """A page that is due."""
    now, believed = house.clock.now(), house.clock.at_database()
    async with house.db.statement() as conn:
        look = await outbox.claim(conn, now=now, lease_until=now + LEASE, free=1, lowest=PAGE, believed=believed)
    (delivery,) = look.claimed
    return delivery


async def passed_over(house: Services) -> list[str]:
    async with house.db.transaction() as conn:
        lines = await incidents.timeline(conn, 1)
    return [line.text for line in lines if "passed over" in line.text]


async def carried(house: Services) -> None:
    while await house.carrier.take_due():
        await house.carrier.finish(10)


async def test_a_ladder_still_pages_a_renamed_schedule_and_people_who_were_removed_from_the_runbook(
    new_fleet: NewFleet,
) -> None:
    async with declared_by_one(new_fleet, BEFORE, AFTER) as (fleet, _, new):
        for minutes in (15, 30, 30):
            new.clock.move(timedelta(minutes=minutes) + MOMENT)
            await new.ladders.take_due()
        await carried(new)

        assert await paged(fleet) == [("oncall", "ada"), ("lead", "ben"), ("ceo", "cleo")]
        assert {page.state for page in await fleet.pages()} == {"accepted"}
        assert await passed_over(new) == []
        direct = fleet.workspace.direct_messages("cleo")
        assert len(direct) == 1
        (told,) = [line.text for line in await timeline(new) if "CEO" in line.text and "Cleo Fox" in line.text][:1]
        assert "cleo" not in told, "by name"


async def timeline(house: Services) -> list[incidents.Entry]:
    async with house.db.transaction() as conn:
        return await incidents.timeline(conn, 1)


async def test_a_process_whose_runbook_lacks_a_person_leaves_the_step_to_one_that_has_them_and_pages_a_moment_later(
    new_fleet: NewFleet,
) -> None:
    async with declared_by_one(new_fleet, BEFORE, AFTER) as (fleet, old, new):
        for house in (old, new):
            house.clock.move(timedelta(minutes=15))
        await new.ladders.take_due()
        assert await paged(fleet) == [("oncall", "ada")]

        await old.ladders.take_due()
        assert await paged(fleet) == [("oncall", "ada"), ("lead", "ben")]
        for house in (old, new):
            house.clock.move(timedelta(minutes=30))
        await new.ladders.take_due()
        assert len(await paged(fleet)) == 2
        new.clock.move(MOMENT)
        await new.ladders.take_due()
        assert await paged(fleet) == [("oncall", "ada"), ("lead", "ben"), ("ceo", "cleo")]
        assert not any(page.late for page in await fleet.pages())


async def test_a_step_pages_by_the_newer_schedule_if_that_reaches_somebody(new_fleet: NewFleet) -> None:
    newer = BEFORE.replace("people: [ben]", "people: [cleo]")
    async with declared_by_one(new_fleet, BEFORE, newer) as (fleet, _, new):
        new.clock.move(timedelta(minutes=15))
        await new.ladders.take_due()
        assert await paged(fleet) == [("oncall", "ada"), ("lead", "cleo")]


async def test_a_step_falls_back_on_the_ladders_own_schedule_if_the_newer_one_reaches_nobody(
    new_fleet: NewFleet,
) -> None:
    by_mail = BEFORE.replace("via: [slack, sms]", "via: [webhook]").replace(
        "email: ben@example.com,", 'email: ben@example.com, webhook: "https://example.com/hook/ben",'
    )
    newer = by_mail.replace("people: [ben]", "people: [cleo]")
    async with declared_by_one(new_fleet, by_mail, newer) as (fleet, _, new):
        new.clock.move(timedelta(minutes=15))
        await new.ladders.take_due()
        assert await paged(fleet) == [("oncall", "ada"), ("lead", "ben")]


async def test_a_person_whose_contact_was_removed_is_paged_at_the_one_the_ladder_began_with(
    new_fleet: NewFleet,
) -> None:
    by_hook = RUNBOOK.replace("who: [ben]}", "who: [ben], via: [webhook]}").replace(
        "email: ben@example.com,", 'email: ben@example.com, webhook: "https://example.com/hook/ben",'
    )
    newer = by_hook.replace(', webhook: "https://example.com/hook/ben"', "")
    async with declared_by_one(new_fleet, by_hook, newer) as (fleet, _, new):
        new.clock.move(timedelta(minutes=15))
        await new.ladders.take_due()
        assert await paged(fleet) == [("oncall", "ada"), ("lead", "ben")]
        assert [page.contact for page in await fleet.pages()][1] == "https://example.com/…"


async def test_a_process_without_the_credentials_for_a_way_sends_nothing_and_leaves_its_pages_to_the_others(
    new_world: NewWorld,
) -> None:
    by_mail = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [email]}")
    async with post_office() as office, new_world(runbook=by_mail, SMTP_URL=f"smtp://127.0.0.1:{office.port}") as world:
        office.says["RCPT"] = "450 greylisted"
        await declared(world)
        without = BOT(world.app.settings.model_copy(update={"smtp": None}), world.app.runbook, world.clock)
        async with without.at_hand() as house:
            world.clock.move(timedelta(minutes=1))
            delivery = await claimed(house)
            outcome = await house.carrier.attempts.make(delivery)
            await house.carrier.records.keep(delivery, outcome)
        assert (outcome.state, outcome.unsure) == ("waiting", False)
        assert "email is not set up here" in (outcome.error or "")
        office.says.clear()
        await world.passes(minutes=1)
        assert len(office.letters) == 1
