"""What a probe of a MongoDB finds."""

import asyncio
import gc
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from bot.domain.checks.check import ProbeResult
from bot.probes.mongodb import expects, probe
from bot.runbook.health import MongodbCheck
from tests.probes.conftest import Listen, hang, hang_up
from tests.probes.mongodb_stub import STANDING_ALONE, Answers, saying

STATUS = {"connections": {"current": 12, "available": 88}, "ok": 1.0}
STATS = {"storageSize": 1536 * 1024, "ok": 1.0}
SECRET = "mongodb://ada:hunter2@127.0.0.1"

# pymongo leaves a failed connection to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def nothing_is_left_to_later_tests() -> Iterator[None]:
    yield
    gc.collect()


def a_check(address: str, **wishes: str) -> MongodbCheck:
    return MongodbCheck.model_validate({"key": "content", "mongodb": address, **wishes})


async def look(listen: Listen, answers: Answers, **wishes: str) -> ProbeResult:
    port = await listen(saying(answers))
    return await probe(a_check(f"mongodb://127.0.0.1:{port}/tinacms?directConnection=true", **wishes))


def of_a_set(**more: Any) -> Mapping[str, Any]:
    """What a replica set member, found by its own address, reports about itself."""
    return STANDING_ALONE | {"setName": "rs0", "primary": "127.0.0.1:1", "hosts": ["127.0.0.1:1"]} | more


async def test_a_real_server_is_healthy_and_says_what_it_stores(mongodb: str) -> None:
    address = f"{mongodb.rstrip('/')}/tinacms"
    async with AsyncMongoClient[dict[str, Any]](address) as client:
        await client["tinacms"]["posts"].insert_one({"title": "Größe"})

    finding = await probe(a_check(address, slow="60s", connections_below="80%"))
    assert (finding.state, finding.reason) == ("healthy", "")
    assert finding.value.endswith(" stored")


async def test_a_server_that_answers_says_its_connections_and_what_it_stores(listen: Listen) -> None:
    finding = await look(listen, {"serverstatus": STATUS, "dbstats": STATS}, slow="60s", connections_below="13%")

    assert (finding.state, finding.reason) == ("healthy", "")
    assert finding.value == "12 of 100 connections, 1.5 MiB stored"
    assert finding.latency > timedelta(0)


async def test_commands_the_server_does_not_know_or_permit_are_no_failure(listen: Listen) -> None:
    forbidden = {"ok": 0.0, "errmsg": "not authorized on admin", "code": 13}
    finding = await look(listen, {"serverstatus": forbidden})

    assert (finding.state, finding.value) == ("healthy", "answers")


async def test_connections_are_too_many_at_the_limit_and_above(listen: Listen) -> None:
    finding = await look(listen, {"serverstatus": STATUS}, connections_below="12%")

    assert (finding.state, finding.reason) == ("degraded", "12% in use, wanted below 12%")


async def test_a_late_ping_is_degraded(listen: Listen) -> None:
    async def late() -> Mapping[str, Any]:
        await asyncio.sleep(0.05)
        return {"ok": 1.0}

    finding = await look(listen, {"ping": late}, slow="20ms")
    assert finding.state == "degraded"
    assert finding.reason.startswith("took ")


async def test_a_replica_set_member_says_which_one_it_is(listen: Listen) -> None:
    members = {"members": [{"state": 1}, {"state": 2}, {"state": 7}], "ok": 1.0}
    finding = await look(listen, {"hello": of_a_set(), "replsetgetstatus": members, "serverstatus": STATUS})

    assert (finding.state, finding.value) == ("healthy", "12 of 100 connections, primary of rs0")


async def test_unhealthy_members_make_the_set_degraded(listen: Listen) -> None:
    members = {"members": [{"state": 1}, {"state": 3}, {"state": 8}], "ok": 1.0}
    finding = await look(listen, {"hello": of_a_set(), "replsetgetstatus": members})

    assert finding.state == "degraded"
    assert finding.reason == "2 of 3 members of the replica set are not well"


async def test_a_replica_set_without_a_primary_is_down(listen: Listen) -> None:
    secondary = of_a_set(isWritablePrimary=False, secondary=True, primary="")
    finding = await look(listen, {"hello": secondary})

    assert (finding.state, finding.value) == ("down", "secondary of rs0")
    assert finding.reason == "the replica set rs0 has no primary"


async def test_an_unreachable_server_is_down_before_the_time_out(nobodys_port: int) -> None:
    finding = await probe(a_check(f"{SECRET}:{nobodys_port}/", timeout="1s"))

    assert (finding.state, finding.reason) == ("down", "connection refused")


async def test_another_kind_of_server_is_down(listen: Listen) -> None:
    for conversation in (hang, hang_up):
        finding = await probe(a_check(f"{SECRET}:{await listen(conversation)}/", timeout="300ms"))
        assert finding.state == "down"
        assert finding.reason
        assert "hunter2" not in repr(finding)


@pytest.mark.parametrize(
    "answers",
    [
        {"serverstatus": {"connections": nonsense, "ok": 1.0}}
        for nonsense in ("many", None, [1], {"current": -1, "available": 5})
    ]
    + [{"dbstats": {"storageSize": nonsense, "ok": 1.0}} for nonsense in (float("nan"), float("inf"), -5, "much")],
)
async def test_figures_that_make_no_sense_are_not_shown(listen: Listen, answers: Answers) -> None:
    finding = await look(listen, answers)

    assert (finding.state, finding.value) == ("healthy", "answers")


@pytest.mark.parametrize("members", [None, 5, [5, None], {"a": 1}])
async def test_invalid_member_entries_are_not_counted(listen: Listen, members: Any) -> None:
    answers = {"hello": of_a_set(), "replsetgetstatus": {"members": members, "ok": 1.0}}
    finding = await look(listen, answers)

    assert (finding.state, finding.value) == ("healthy", "primary of rs0")


@pytest.mark.parametrize(
    "answers",
    [
        {"ping": {"ok": 0}},
        {"ping": {"ok": 0, "errorLabels": 5, "code": 91, "errmsg": "not primary"}},
        {"hello": {**STANDING_ALONE, "maxBsonObjectSize": "x"}},
        {"hello": {**STANDING_ALONE, "logicalSessionTimeoutMinutes": "x"}},
    ],
)
async def test_an_answer_no_mongodb_gives_is_down_and_causes_no_error(listen: Listen, answers: Answers) -> None:
    finding = await look(listen, answers)

    assert (finding.state, finding.reason) == ("down", "it answers what no MongoDB would")


async def test_an_error_that_quotes_the_url_is_shown_without_it(listen: Listen) -> None:
    answer = {"ok": 0.0, "errmsg": "refused for mongodb://ada:hunter2@db hunter2", "code": 1}
    port = await listen(saying({"ping": answer, "saslstart": answer}))

    finding = await probe(a_check(f"{SECRET}:{port}/?authMechanism=PLAIN&authSource=$external", timeout="300ms"))
    assert finding.state == "down"
    assert "hunter2" not in repr(finding)


async def test_a_url_the_driver_refuses_is_down_and_says_why() -> None:
    finding = await probe(a_check("mongodb://ada:hunter2@a.invalid,b.invalid/?directConnection=true"))

    assert (finding.state, finding.reason) == ("down", "Cannot specify multiple hosts with directConnection=true")


async def test_a_wrong_password_is_reported_as_such(listen: Listen) -> None:
    refused = {"ok": 0.0, "errmsg": "Authentication failed.", "code": 18}
    port = await listen(saying({"saslstart": refused}))

    finding = await probe(a_check(f"{SECRET}:{port}/?authMechanism=SCRAM-SHA-256", timeout="30s"))
    assert (finding.state, finding.reason) == ("down", "authentication failed")


async def test_a_cancelled_probe_leaves_nothing_behind(listen: Listen) -> None:
    port = await listen(hang)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await probe(a_check(f"mongodb://127.0.0.1:{port}/"))


def test_the_expectation_is_described_in_a_few_words() -> None:
    assert expects(a_check("mongodb://db/content")) == "answers"
    whole = a_check("mongodb://db/content", slow="200ms", connections_below="80%")
    assert expects(whole) == "answers within 200 ms, connections below 80%"
