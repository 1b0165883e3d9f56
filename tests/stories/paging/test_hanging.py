"""A provider that hangs: the pages by every other way are sent as if nothing were wrong."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import Clock
from bot.services import Services
from bot.services.outbox.kinds import PAGE, UPDATE
from bot.services.outbox.places import AT_ONCE, OTHERS_AT_ONCE
from bot.store.outbox import outbox
from tests.mail_server import PostOffice, post_office
from tests.processes import Fleet, fleet, until
from tests.stories.upkeep.test_replicas import open_incidents
from tests.world import RUNBOOK

BY_BOTH = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, email]}")
MORE_THAN_HAVE_PLACES = AT_ONCE + 12


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


@pytest.fixture
async def team(database: str, tmp_path: Path, office: PostOffice) -> AsyncIterator[Fleet]:
    server = f"smtp://127.0.0.1:{office.port}"
    async with fleet(database, tmp_path, runbook=BY_BOTH, SMTP_URL=server, MAIL_FROM="tocsin@example.com") as team:
        yield team


@pytest.fixture
async def house(team: Fleet) -> AsyncIterator[Services]:
    """A process that sends what is due only when the test calls it."""
    async with team.app(Clock()).at_hand() as house:
        yield house
        await house.carrier.finish(0)


@pytest.mark.parametrize(
    "carries", [True, False], ids=["sent by the process that made them", "claimed from the outbox"]
)
async def test_every_page_by_mail_is_sent_while_slack_hangs(
    team: Fleet, house: Services, office: PostOffice, carries: bool
) -> None:
    if carries:
        house.duty.begin()
    await open_incidents(team, MORE_THAN_HAVE_PLACES, due_at=house.clock.now())
    team.workspace.faults.hang("*", 3600, times=None)
    while await house.ladders.take_due():
        pass

    async def all_mails_left() -> bool:
        await house.carrier.take_due()
        return len(office.letters) == MORE_THAN_HAVE_PLACES

    await until(all_mails_left)
    assert team.posted("page:") == []
    states = [(page.via, page.state) for page in await team.pages()]
    assert states.count(("slack", "waiting")) == MORE_THAN_HAVE_PLACES


async def put(house: Services, number: int, *, way: str, priority: int) -> None:
    async with house.db.transaction() as conn:
        for _ in range(number):
            await house.outbox.put(conn, "page", {"page": 0}, priority=priority, way=way)


async def claimed(house: Services, free: int, *places: outbox.FreePlace) -> list[outbox.Delivery]:
    now = house.clock.now()
    async with house.db.statement() as conn:
        look = await outbox.claim(
            conn, now=now, lease_until=now + timedelta(minutes=1), lowest=UPDATE, free=free, places=places,
            believed=house.clock.at_database(),
        )  # fmt: skip
    return look.claimed


async def test_a_claim_takes_no_more_deliveries_of_a_way_than_it_has_free_places(house: Services) -> None:
    for way in ("slack", "mail", "webhook one.example", "webhook two.example"):
        await put(house, 3, way=way, priority=PAGE)
    await put(house, 3, way="mail", priority=UPDATE)

    found = await claimed(
        house, 2, outbox.FreePlace("slack", UPDATE, 0), outbox.FreePlace("mail", PAGE, OTHERS_AT_ONCE)
    )
    ways = sorted((one.way, one.priority) for one in found)
    assert ways == [("mail", PAGE)] * 3 + [("webhook one.example", PAGE)] * 2 + [("webhook two.example", PAGE)] * 2


async def test_a_page_that_has_not_been_tried_yet_goes_before_those_that_failed(house: Services) -> None:
    await put(house, 2, way="slack", priority=PAGE)
    for one in await claimed(house, 2):
        async with house.db.transaction() as conn:
            now = house.clock.now()
            await outbox.postpone(conn, one, now=now, due_at=now, error="no answer", unsure=True)
    await put(house, 1, way="slack", priority=PAGE)

    (first,) = await claimed(house, 1)
    assert first.attempts == 1
