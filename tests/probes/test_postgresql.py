"""What a probe of a PostgreSQL finds."""

import asyncio
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import fields
from datetime import timedelta
from functools import partial

import psycopg
import pytest

from bot.domain.checks.check import ProbeResult
from bot.probes.postgresql import ServerState, expects, judged, probe
from bot.runbook.health import PostgresqlCheck
from tests.guarded import Guarded, guarded_postgres
from tests.postgres import SETTINGS
from tests.probes.conftest import Conversation, Listen, hang_up


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    with guarded_postgres() as server:
        yield server


def a_check(address: str, **wishes: str) -> PostgresqlCheck:
    return PostgresqlCheck.model_validate({"key": "orders", "postgresql": address, **wishes})


async def test_a_server_that_answers_is_healthy_and_says_how_many_connections_it_has(guarded: Guarded) -> None:
    finding = await probe(a_check(guarded.database(), slow="60s", connections_below="100%"))

    assert (finding.state, finding.reason) == ("healthy", "")
    connections, size = finding.value.split(", ")
    assert connections.endswith(f"of {SETTINGS['max_connections']} connections")
    assert size.endswith("MiB")
    assert finding.latency > timedelta(0)


async def test_other_accounts_connections_count_although_hidden_from_ours(guarded: Guarded) -> None:
    address = guarded.database()
    before = int((await probe(a_check(address))).value.split()[0])
    with psycopg.connect(guarded.entrance), psycopg.connect(guarded.entrance):
        assert int((await probe(a_check(address))).value.split()[0]) == before + 2


async def test_too_many_connections_are_degraded(guarded: Guarded) -> None:
    address = guarded.database()
    with ExitStack() as many:
        for _ in range(int(SETTINGS["max_connections"]) // 100):
            many.enter_context(psycopg.connect(address))
        finding = await probe(a_check(address, connections_below="1%"))

    assert finding.state == "degraded"
    assert finding.reason.endswith("in use, wanted below 1%")


async def test_a_query_that_runs_too_long_is_degraded(guarded: Guarded) -> None:
    """A query of the same account, as other accounts' queries are hidden from it."""
    address = guarded.database()
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as busy:
        asking = asyncio.create_task(busy.execute("SELECT pg_sleep(60)"))
        async with asyncio.timeout(60):
            while "longest query" not in (finding := await probe(a_check(address, query_below="1ms"))).value:
                pass
        assert (await probe(a_check(address, query_below="10m"))).state == "healthy"
        await busy.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            await asking

    assert finding.state == "degraded"
    assert finding.reason.startswith("a query has run for ")
    assert finding.reason.endswith(", wanted below 1 ms")


def test_a_standby_that_is_too_far_behind_is_degraded() -> None:
    """With a stub answering as a lagging server would."""
    check = a_check("postgresql://db/orders", lag_below="30s")
    standby = partial(ServerState, used=3, most=100, longest_query=None, replicas=0, replicas_behind=None, size=1024)
    healthy = ProbeResult("healthy", "", timedelta(0))

    assert judged(healthy, check, standby(behind=timedelta(seconds=29))).state == "healthy"
    late = judged(healthy, check, standby(behind=timedelta(seconds=30)))
    assert (late.state, late.reason) == ("degraded", "replication is 30 s behind, wanted below 30 s")


async def test_a_late_answer_is_degraded(guarded: Guarded) -> None:
    hurried = a_check(guarded.database()).model_copy(update={"slow": timedelta(microseconds=1)})

    finding = await probe(hurried)
    assert finding.state == "degraded"
    assert finding.reason.startswith("took ")


async def test_a_wrong_password_is_down_and_not_quoted(guarded: Guarded) -> None:
    guarded.database()
    finding = await probe(a_check(guarded.address("orders", password="hunter2-wrong")))

    assert (finding.state, finding.value) == ("down", "no answer")
    assert "password authentication failed" in finding.reason
    assert "hunter2" not in repr(finding)


async def test_a_missing_database_is_down(guarded: Guarded) -> None:
    finding = await probe(a_check(guarded.address("nowhere")))
    assert (finding.state, finding.reason) == ("down", 'database "nowhere" does not exist')


async def test_an_unreachable_server_is_down(nobodys_port: int) -> None:
    finding = await probe(a_check(f"postgresql://ada:hunter2@127.0.0.1:{nobodys_port}/orders"))
    assert (finding.state, finding.reason) == ("down", "Connection refused")


async def test_an_unknown_host_name_is_down() -> None:
    finding = await probe(a_check("postgresql://ada:hunter2@nowhere.invalid/orders"))
    assert finding.state == "down"
    assert "hunter2" not in repr(finding)


async def test_another_kind_of_server_is_down(listen: Listen) -> None:
    finding = await probe(a_check(f"postgresql://ada:hunter2@127.0.0.1:{await listen(hang_up)}/orders"))

    assert finding.state == "down"
    assert finding.reason
    assert "hunter2" not in repr(finding)


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body


def answering(names: Sequence[str], *values: bytes | None) -> Conversation:
    """A server that admits everybody and answers any query with one row of these values."""
    columns = [name.encode() + b"\0" + struct.pack(">ihihih", 0, 0, 20, 8, -1, 0) for name in names]
    row = [struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value for value in values]
    answer = [
        message(b"T", struct.pack(">h", len(names)) + b"".join(columns)),
        message(b"D", struct.pack(">h", len(values)) + b"".join(row)) if values else b"",
        message(b"C", b"SELECT 1\0"),
        message(b"Z", b"I"),
    ]

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
        writer.write(message(b"R", bytes(4)) + message(b"Z", b"I"))
        while (await reader.readexactly(1)) != b"X":
            await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
            writer.write(b"".join(answer))

    return converse


NAMES = [field.name for field in fields(ServerState)]


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (NAMES, [None] * 7),
        (NAMES, [b"many", b"100", None, None, b"0", None, b"1"]),
        (NAMES, [b"3", b"100", b"5", None, b"0", None, b"1"]),
        (NAMES, []),
        (["used"], [b"3"]),
        ([*NAMES, "more"], [b"3", b"100", None, None, b"0", None, b"1", b"1"]),
    ],
    ids=["nothing", "words", "a number for a time", "no row", "fewer columns", "more columns"],
)
async def test_an_answer_no_postgresql_gives_is_down_and_causes_no_error(
    listen: Listen, names: list[str], values: list[bytes | None]
) -> None:
    port = await listen(answering(names, *values))
    finding = await probe(a_check(f"postgresql://ada@127.0.0.1:{port}/shop?sslmode=disable&gssencmode=disable"))

    assert (finding.state, finding.reason) == ("down", "it answers what no PostgreSQL would")


def test_the_expectation_is_described_in_a_few_words() -> None:
    assert expects(a_check("postgresql://db/orders")) == "answers"
    whole = a_check("postgresql://db/orders", slow="500ms", connections_below="80%", query_below="5m", lag_below="30s")
    assert expects(whole) == "answers within 500 ms, connections below 80%, queries below 5 min, lag below 30 s"
