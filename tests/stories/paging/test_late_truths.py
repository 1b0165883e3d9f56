"""A process keeps what a provider answered until it is recorded, and meanwhile no other process sends the same."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.errors import Unanswered, Unreachable
from bot.services import Services
from bot.services.outbox.kinds import PAGE, UPDATE, DeliveryKind, NoLongerWanted, Outcome
from bot.services.outbox.leases import LEASE, RENEWED_EVERY, WATCHED_FOR
from bot.store.outbox import outbox
from bot.store.outbox.outbox import Delivery, Lapse
from bot.wire.http_client import accepted
from tests.mail_server import PostOffice, post_office
from tests.processes import Fleet, fleet, until
from tests.world import RUNBOOK, World

NewFleet = Callable[..., AbstractAsyncContextManager[Fleet]]

# No more than are sent to a mail server at a time.
MANY = 8
BY_MAIL = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [email]}")
EVE = Actor("eve")
OTHERS_LOSE_THEIR_LINE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class SlowPostOffice(PostOffice):
    """Takes the letter, and answers only when `may_answer` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()

    async def _answer(self, step: str) -> str:
        if step == "DATA":
            self.taken += 1
            await self.may_answer.wait()
        return await super()._answer(step)

    taken = 0


@pytest.fixture
async def office() -> AsyncIterator[SlowPostOffice]:
    slow = SlowPostOffice()
    async with post_office(slow):
        yield slow


@pytest.fixture
async def houses(database: str, tmp_path: Path, office: SlowPostOffice) -> AsyncIterator[tuple[Fleet, list[Services]]]:
    """Two processes with frozen clocks, and a third that only reads."""
    server = f"smtp://127.0.0.1:{office.port}"
    async with (
        fleet(database, tmp_path, runbook=BY_MAIL, SMTP_URL=server, MAIL_FROM="tocsin@example.com") as team,
        team.app(Clock()).at_hand() as first,
        team.app(Clock()).at_hand() as second,
    ):
        now = datetime.now(UTC)
        for house in (first, second):
            house.clock.freeze(now)
        yield team, [first, second]
        for house in (first, second):
            await house.carrier.finish(0)


async def mailed(house: Services, office: SlowPostOffice, number: int) -> None:
    """Send this many pages to the mail server, which has not answered yet."""
    for count in range(number):
        await house.declarations.declare(EVE, f"Report {count}", severity="P1")
    await house.carrier.take_due()
    await until_true(lambda: office.taken == number)


async def until_true(look: Callable[[], object]) -> None:
    async def seen() -> object:
        return look()

    await until(seen)


async def move(houses: Sequence[Services], by: timedelta) -> None:
    for house in houses:
        house.clock.move(by)


async def states(team: Fleet) -> list[str]:
    """The states of the pages, asked again until a connection holds."""
    while True:
        with suppress(Unreachable):
            return [page.state for page in await team.pages()]


@asynccontextmanager
async def taking_no_writes(database: str) -> AsyncIterator[None]:
    """As around a failover: read-only, and every connection is cut at its beginning and at its end."""
    async with await AsyncConnection.connect(database, autocommit=True) as conn:
        name = conn.info.dbname
        await conn.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        await conn.execute(OTHERS_LOSE_THEIR_LINE)
        yield
        await conn.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        await conn.execute(OTHERS_LOSE_THEIR_LINE)


async def looked(house: Services) -> bool:
    """Has it looked for what is due? It can't on a connection that was cut."""
    try:
        await house.carrier.take_due()
    except Unreachable:
        return False
    return True


async def test_mails_accepted_while_the_database_took_no_writes_are_not_sent_again_by_another_process(
    houses: tuple[Fleet, list[Services]], office: SlowPostOffice, database: str
) -> None:
    team, (first, second) = houses
    await mailed(first, office, MANY)
    async with taking_no_writes(database):
        office.may_answer.set()
        await until_true(lambda: len(office.letters) == MANY)
        await move([first, second], LEASE + WATCHED_FOR)
    for _ in range(2):
        await until(partial(looked, second))
    await until_true(lambda: not first.carrier.under_way)

    await move([first, second], WATCHED_FOR)
    await until(partial(looked, second))
    await second.carrier.finish(10)
    assert len(office.letters) == MANY
    assert await states(team) == ["accepted"] * MANY


async def test_a_process_that_renews_its_lease_keeps_its_claim(
    houses: tuple[Fleet, list[Services]], office: SlowPostOffice
) -> None:
    team, (first, second) = houses
    await mailed(first, office, 1)
    for _ in range(10):
        await move([first, second], RENEWED_EVERY)
        await first.carrier.leases.renew()
        await second.carrier.take_due()
    async with team.house.db.statement() as conn:
        found = await (await conn.execute("SELECT fence FROM outbox WHERE kind = 'page'")).fetchall()
    assert found == [{"fence": 1}], "nobody has claimed it since"


async def claimed_by(house: Services, *over: Lapse) -> tuple[Delivery, list[Lapse]]:
    """The only page there is, with a lease that ends at this instant."""
    now = house.clock.now()
    async with house.db.statement() as conn:
        look = await outbox.claim(
            conn, now=now, lease_until=now, free=1, lowest=PAGE, over=over, believed=house.clock.at_database()
        )
    (delivery,) = look.claimed
    return delivery, look.lapsed


@pytest.mark.parametrize(
    "said_since",
    [
        Outcome("waiting", error="451 later", again_at=datetime(2020, 1, 1, tzinfo=UTC)),
        Outcome("refused", error="550 no such mailbox"),
        Outcome("gave_up", error="no answer"),
    ],
    ids=lambda outcome: outcome.state,
)
async def test_an_accepted_mail_is_recorded_even_if_another_process_has_recorded_a_failure_since(
    houses: tuple[Fleet, list[Services]], office: SlowPostOffice, said_since: Outcome[str | None]
) -> None:
    team, (first, second) = houses
    office.may_answer.set()
    await first.declarations.declare(EVE, "Payments failing", severity="P1")
    mine, lapsed = await claimed_by(first)
    reference = await first.departures.send(mine)
    theirs, _ = await claimed_by(second, *lapsed)

    await second.carrier.records.keep(theirs, said_since)
    await first.carrier.records.keep(mine, Outcome("sent", reference))
    assert await states(team) == ["accepted"]

    await move([first, second], timedelta(minutes=1))
    await second.carrier.take_due()
    await second.carrier.finish(10)
    assert len(office.letters) == 1


async def test_a_process_that_took_over_an_accepted_page_neither_sends_nor_counts_it_twice(
    houses: tuple[Fleet, list[Services]], office: SlowPostOffice
) -> None:
    team, (first, second) = houses
    office.may_answer.set()
    await first.declarations.declare(EVE, "Payments failing", severity="P1")
    mine, lapsed = await claimed_by(first)
    reference = await first.departures.send(mine)
    theirs, _ = await claimed_by(second, *lapsed)
    await first.carrier.records.keep(mine, Outcome("sent", reference))

    with pytest.raises(NoLongerWanted):
        await second.departures.send(theirs)
    await second.carrier.records.keep(theirs, Outcome("sent", "another"))
    (page,) = await team.pages()
    assert (page.state, page.reference) == ("accepted", reference)
    entries = [entry for entry in await first.incidents.timeline(1) if entry.kind == "paged"]
    assert len(entries) == 1


async def test_a_page_acknowledged_while_a_process_died_sending_it_stays_unconfirmed(
    houses: tuple[Fleet, list[Services]], office: SlowPostOffice
) -> None:
    team, (first, second) = houses
    await first.declarations.declare(EVE, "Payments failing", severity="P1")
    its, lapsed = await claimed_by(first)
    sending = asyncio.create_task(first.departures.send(its))
    await until_true(lambda: office.taken)
    sending.cancel()
    await first.acknowledgements.acknowledge(EVE, 1)
    (page,) = await team.pages()
    assert (page.state, page.is_unknown) == ("cancelled", True)

    ours, _ = await claimed_by(second, *lapsed)
    await second.carrier.records.keep(ours, await second.carrier.attempts.make(ours))
    (page,) = await team.pages()
    assert (page.state, page.is_unknown) == ("cancelled", True), "nobody can ask a mail server"


async def test_a_refusal_recorded_with_an_outdated_fence_changes_nothing(
    houses: tuple[Fleet, list[Services]], office: SlowPostOffice
) -> None:
    team, (first, second) = houses
    await first.declarations.declare(EVE, "Payments failing", severity="P1")
    mine, lapsed = await claimed_by(first)
    await claimed_by(second, *lapsed)
    await first.carrier.records.keep(mine, Outcome("refused", error="550 no such mailbox"))
    assert await states(team) == ["waiting"]


class Sent(DeliveryKind[str | None]):
    """Every delivery is accepted; `then` runs after that."""

    def __init__(self, then: Callable[[], str]) -> None:
        self._then = then
        self.sent = 0

    async def send(self, delivery: Delivery) -> str | None:
        self.sent += 1
        accepted("250 OK")
        return self._then()


def fails() -> str:
    raise ZeroDivisionError("a fault on purpose")


def ends_in_silence() -> str:
    raise Unanswered("it did not say goodbye")


@pytest.mark.parametrize("then", [fails, ends_in_silence])
async def test_a_failure_after_the_provider_accepted_does_not_send_the_delivery_again(
    world: World, then: Callable[[], str]
) -> None:
    delivery_kind = Sent(then)
    world.house.delivery_kinds["sent"] = delivery_kind
    await carried(world)
    assert delivery_kind.sent == 1
    assert await ends(world) == [("sent", "250 OK")]


async def test_characters_that_postgres_cannot_store_are_dropped_from_a_providers_answer(world: World) -> None:
    delivery_kind = Sent(lambda: "250 \0 \ud800 OK")
    world.house.delivery_kinds["sent"] = delivery_kind
    await carried(world)
    assert delivery_kind.sent == 1
    assert await ends(world) == [("sent", "250  ? OK")]


async def carried(world: World) -> None:
    async with world.house.db.transaction() as conn:
        await world.house.outbox.put(conn, "sent", {}, priority=UPDATE)
    await world.passes(minutes=5)
    await world.passes(minutes=5)


async def ends(world: World) -> list[tuple[str, str]]:
    async with world.house.db.statement() as conn:
        found = await conn.execute("SELECT state, reference FROM outbox WHERE kind = 'sent'")
        return [(row["state"], row["reference"]) for row in await found.fetchall()]


async def test_a_delivery_replaced_during_an_attempt_is_retried_under_the_same_key_and_stays_unconfirmed(
    houses: tuple[Fleet, list[Services]],
) -> None:
    _, (house, _) = houses
    now = house.clock.now()

    async def put(number: int) -> None:
        async with house.db.transaction() as conn:
            await outbox.put(conn, "any", {"number": number}, now=now, priority=UPDATE, key="the same", way="any")

    async def claimed() -> Delivery:
        async with house.db.statement() as conn:
            look = await outbox.claim(
                conn, now=now, lease_until=now + LEASE, lowest=UPDATE, free=9, believed=house.clock.at_database()
            )
        (one,) = look.claimed
        return one

    await put(1)
    first = await claimed()
    await put(2)
    async with house.db.transaction() as conn:
        assert await outbox.postpone(conn, first, now=now, due_at=now, error="no answer", unsure=True)
    again = await claimed()
    assert (again.key, again.payload, again.unsure) == (first.key, {"number": 2}, True)
