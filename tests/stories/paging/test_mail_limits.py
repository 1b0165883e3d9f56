"""A mail server with a rate limit: one page is the probe, and the others wait until it gets through."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.domain.paging.page import Page
from bot.store.paging import pages
from bot.wire.mail.sessions import MOST
from tests.mail_server import PostOffice, post_office
from tests.world import RUNBOOK, World, words_of

NewWorld = Callable[..., AbstractAsyncContextManager[World]]

PEOPLE = 40
TOO_MUCH = "450 4.7.1 Error: too much mail from 127.0.0.1"
GREYLISTED = "451 4.7.1 Greylisted, please try again in 300 seconds"


class StrictOffice(PostOffice):
    """Takes no more than `allowed` letters; `refused` counts those that came after that."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = 1000
        self.begun = 0
        self.refused = 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.begun >= self.allowed:
            self.refused += 1
            return TOO_MUCH
        self.begun += 1
        return await super().handle_MAIL(server, session, envelope, address, options)

    @property
    def readers(self) -> list[str]:
        return [envelope.rcpt_tos[0].partition("@")[0] for envelope in self.envelopes]


def many_people(count: int = PEOPLE, via: str = "email") -> str:
    """A runbook in which this many people are on call, paged by mail."""
    names = [f"p{number}" for number in range(count)]
    people = "".join(f"  {name}: {{name: {name}, email: {name}@example.com}}\n" for name in names)
    on_call = f"who: [{', '.join(names)}], via: [{via}]}}"
    return RUNBOOK.replace("people:\n", f"people:\n{people}").replace("who: [ada]}", on_call)


@pytest.fixture
async def office() -> AsyncIterator[StrictOffice]:
    office = StrictOffice()
    async with post_office(office):
        yield office


def mailing(office: PostOffice) -> dict[str, str]:
    return {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_FROM": "bell@example.com"}


async def declared(world: World, title: str = "Payments failing") -> None:
    await world.workspace.person("eve").types(f"/incident declare P1 {title}")
    await world.settled()
    await world.passes(milliseconds=600)


async def all_pages(world: World, incident: int = 1) -> list[Page]:
    async with world.house.db.transaction() as conn:
        made: list[Page] = await pages.of_incident(conn, incident)
    return made


async def test_one_of_forty_rate_limited_pages_probes_the_mail_server_until_all_can_go(
    new_world: NewWorld, office: StrictOffice
) -> None:
    office.allowed = 5
    async with new_world(runbook=many_people(), **mailing(office)) as world:
        await declared(world)
        assert len(office.letters) == 5
        assert 1 <= office.refused <= 2 * MOST, "those that were on their way when the first was refused"

        knocked = office.refused
        await world.passes(seconds=5)
        assert office.refused == knocked + 1
        await world.passes(seconds=5)
        assert office.refused == knocked + 1, "each try waits twice as long as the one before"
        await world.passes(seconds=5)
        assert office.refused == knocked + 2

        office.allowed = 1000
        await world.passes(seconds=20)
        assert sorted(office.readers) == sorted(f"p{number}" for number in range(PEOPLE))
        assert office.refused == knocked + 2
        made = await all_pages(world)
        assert {page.state for page in made} == {"accepted"}
        assert sum(page.attempts for page in made) == PEOPLE + office.refused, "who waits uses up no attempt"


async def test_a_rate_limited_page_shows_why_it_waits_and_its_ladder_goes_on(
    new_world: NewWorld, office: StrictOffice
) -> None:
    office.allowed = 0
    async with new_world(runbook=many_people(PEOPLE), **mailing(office)) as world:
        await declared(world)
        held = [page for page in await all_pages(world) if page.attempts == 0]
        assert held and all(page.error and TOO_MUCH in page.error and "waits" in page.error for page in held)
        assert "waiting to be sent (waits until another one gets through" in words_of(world.card())

        await declared(world, "Search failing")
        made_meanwhile = await all_pages(world, 2)
        assert {page.attempts for page in made_meanwhile} == {0}
        assert all(page.error and TOO_MUCH in page.error for page in made_meanwhile)

        await world.passes(seconds=20)
        assert len(world.pages_of("ben")) == 2, "nobody of the first tier was reached within 20 s"


async def test_the_newest_page_is_the_probe(new_world: NewWorld, office: StrictOffice) -> None:
    office.allowed = 0
    async with new_world(runbook=many_people(3), **mailing(office)) as world:
        await declared(world)
        await declared(world, "Search failing")
        office.allowed = 1
        await world.passes(seconds=5)
        assert ["Search failing" in str(letter["Subject"]) for letter in office.letters] == [True]


async def test_one_greylisted_recipient_delays_nobody_else(new_world: NewWorld, office: StrictOffice) -> None:
    office.says_to("p0@example.com", GREYLISTED)
    async with new_world(runbook=many_people(12), **mailing(office)) as world:
        await declared(world)
        assert len(office.letters) == 11
        await declared(world, "Search failing")
        assert len(office.letters) == 22


async def test_a_probe_whose_recipient_is_refused_hands_over_to_the_next_page(
    new_world: NewWorld, office: StrictOffice
) -> None:
    office.allowed = 0
    async with new_world(runbook=many_people(4), **mailing(office)) as world:
        await declared(world)
        office.allowed = 1000
        office.says_to("p3@example.com", "550 5.1.1 No such person")
        await world.passes(seconds=5)
        assert sorted(office.readers) == ["p0", "p1", "p2"]


async def test_several_processes_share_one_limit_and_one_probe(new_world: NewWorld, office: StrictOffice) -> None:
    office.allowed = 0
    async with new_world(runbook=many_people(12), **mailing(office)) as world, world.joined():
        await declared(world)
        knocked = office.refused
        await world.passes(seconds=5)
        assert office.refused == knocked + 1
        office.allowed = 1000
        await world.passes(seconds=10)
        assert sorted(office.readers) == sorted(f"p{number}" for number in range(12))


async def test_an_update_is_the_probe_only_if_no_page_waits(new_world: NewWorld, office: StrictOffice) -> None:
    office.allowed = 0
    told = many_people(1).replace("    name: Critical\n", "    name: Critical\n    tell: [board]\n")
    told += "audiences:\n  board: {email: [board@example.com], automatic: true}\n"
    async with new_world(runbook=told, **mailing(office)) as world:
        await declared(world)
        office.allowed = 1
        await world.passes(seconds=5)
        assert office.readers == ["p0"]
        office.allowed = 1000
        await world.passes(seconds=10)
        assert sorted(office.readers) == ["board", "p0"]
