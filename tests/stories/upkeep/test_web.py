"""The HTTP interface for other programs: health, readiness, metrics, and the API of incidents."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg import AsyncConnection

from bot.doors.web import LARGEST_BODY
from tests.world import RUNBOOK, World

TOKEN = "a-token-of-the-api"
BEARER = {"Authorization": f"Bearer {TOKEN}"}

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@asynccontextmanager
async def asking(world: World, path: str, **more: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    method = more.pop("method", "GET")
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{world.app.port}") as session,
        session.request(method, path, **more) as answer,
    ):
        yield answer


async def read(world: World, path: str) -> Any:
    """What the API answers to a client with the token."""
    async with asking(world, path, headers=BEARER) as answer:
        assert answer.status == 200
        return await answer.json()


async def figures(world: World) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    async with asking(world, "/metrics") as answer:
        assert answer.content_type == "text/plain"
        families = text_string_to_metric_families(await answer.text())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


@pytest.fixture
async def api(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(API_TOKEN=TOKEN) as world:
        yield world


# Health


async def test_a_running_bot_is_alive_and_ready(world: World) -> None:
    async with asking(world, "/healthz") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "alive"})

    async with asking(world, "/readyz") as answer:
        report = await answer.json()

    assert answer.status == 200
    assert report["status"] == "ready"
    assert report["not_ready"] == {}
    assert report["database"]["ok"] is True
    assert report["database"]["embedded"] is False
    assert report["slack"] == {"ok": True}


async def test_a_missing_channel_is_reported_and_the_bot_stays_ready(new_world: NewWorld) -> None:
    async with new_world(runbook=_with_audience("#nowhere")) as world, asking(world, "/readyz") as answer:
        assert answer.status == 200
        assert "#nowhere" in (await answer.json())["channels_missing"]


@pytest.mark.parametrize("transport", ["socket", "http"])
async def test_a_bot_that_slack_refuses_is_alive_but_not_ready(new_world: NewWorld, transport: str) -> None:
    async with new_world(transport=transport) as world:
        world.workspace.uninstall()

        async with asking(world, "/readyz") as answer:
            assert answer.status == 503
            report = await answer.json()
        async with asking(world, "/healthz") as answer:
            assert answer.status == 200

    assert report["status"] == "not ready"
    assert list(report["not_ready"]) == ["slack"]
    assert report["slack"] == {"ok": False}


async def test_readyz_and_metrics_say_by_how_much_a_page_is_overdue(world: World, database: str) -> None:
    await world.eve.types("/incident declare P1 Payments failing", "#general")
    await world.settled()

    async with await AsyncConnection.connect(database) as other_process:
        await other_process.execute("SELECT FROM escalations FOR UPDATE")
        world.clock.move(timedelta(minutes=15, seconds=7))
        async with asking(world, "/readyz") as answer:
            report = await answer.json()
        seen = await figures(world)
    await world.settled()

    assert answer.status == 200
    overdue = {what: seconds for what, seconds in report["overdue_seconds"].items() if seconds}
    assert overdue == {"escalations": 7.0}
    assert seen["tocsin_overdue_seconds", (("what", "escalations"),)] == 7.0


# Metrics


async def test_metrics_count_open_incidents_pages_and_armed_escalations(world: World) -> None:
    await world.eve.types("/incident declare P1 Payments failing", "#general")
    await world.eve.types("/incident drill P2 What if", "#general")
    await world.settled()

    seen = await figures(world)

    assert seen["tocsin_incidents_open", (("drill", "false"), ("severity", "P1"))] == 1
    assert seen["tocsin_incidents_open", (("drill", "true"), ("severity", "P2"))] == 1
    assert seen["tocsin_pages", (("state", "accepted"), ("via", "slack"))] == 2
    assert seen["tocsin_escalations_armed", ()] == 2
    assert seen["tocsin_database_up", ()] == 1
    assert seen["tocsin_request_acknowledgement_seconds_count", ()] >= 2
    assert seen["tocsin_page_lateness_seconds_count", (("via", "slack"),)] == 2


# The API


async def test_the_api_is_off_unless_api_token_is_set(world: World) -> None:
    for headers in ({}, BEARER):
        async with asking(world, "/api/v1/incidents", headers=headers) as answer:
            assert (answer.status, await answer.json()) == (404, {"error": "not found"})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer \xff"},
    ],
)
async def test_the_api_tells_nothing_without_the_right_token(api: World, headers: dict[str, str]) -> None:
    for path in ("/api/v1/incidents", "/api/v1/incidents/INC-1", "/api/v1/incidents/nonsense"):
        async with asking(api, path, headers=headers) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert "error" in await answer.json()


async def test_the_bearer_scheme_is_case_insensitive(api: World) -> None:
    async with asking(api, "/api/v1/incidents", headers={"Authorization": f"bearer {TOKEN}"}) as answer:
        assert answer.status == 200


async def test_incidents_are_listed_newest_first_and_can_be_filtered_to_open_ones(api: World) -> None:
    assert await read(api, "/api/v1/incidents") == {"incidents": []}
    await api.eve.types("/incident declare P1 Payments failing", "#general")
    await api.settled()
    await api.passes(minutes=1)
    await api.eve.types("/incident drill P2 What if", "#general")
    await api.settled()
    await api.app.services.incidents.resolve(api.app.services.people.actor("U0EVE"), 1, "Rolled back")

    everything = (await read(api, "/api/v1/incidents"))["incidents"]
    still_open = (await read(api, "/api/v1/incidents?state=open"))["incidents"]

    assert [one["ref"] for one in everything] == ["INC-2", "INC-1"]
    assert [one["ref"] for one in still_open] == ["INC-2"]
    assert [one["drill"] for one in everything] == [True, False]


async def test_the_api_returns_an_incident_as_it_was_declared(api: World) -> None:
    await api.eve.types("/incident declare P1 Payments failing", "#general")
    await api.settled()

    (incident,) = (await read(api, "/api/v1/incidents"))["incidents"]

    assert incident == {
        "ref": "INC-1",
        "title": "Payments failing",
        "severity": "P1",
        "status": "investigating",
        "drill": False,
        "started_at": "2026-08-06T14:00:00.000Z",
        "detected_at": "2026-08-06T14:00:00.000Z",
        "declared_at": "2026-08-06T14:00:00.000Z",
        "acknowledged_at": None,
        "acknowledged_by": None,
        "mitigated_at": None,
        "resolved_at": None,
        "channel": {"id": api.room(), "name": "inc-2026-08-06-payments-failing"},
        "lead": None,
    }


async def test_the_detail_of_an_incident_has_its_pages_and_its_timeline(api: World) -> None:
    await api.eve.types("/incident declare P1 Payments failing", "#general")
    await api.settled()

    detail = await read(api, "/api/v1/incidents/inc-1")

    (page,) = detail["pages"]
    (message,) = api.pages_of("ada")
    assert page == {
        "tier": "oncall",
        "person": "ada",
        "via": "slack",
        "state": "accepted",
        "may_have_been_accepted": False,
        "attempts": 1,
        "reference": page["reference"],
        "error": None,
        "due_at": "2026-08-06T14:00:00.000Z",
        "accepted_at": "2026-08-06T14:00:00.000Z",
    }
    assert page["reference"].endswith(message.ts)
    assert [entry["kind"] for entry in detail["timeline"]][:2] == ["declared", "paged"]
    assert detail["timeline"][0] == {
        "at": "2026-08-06T14:00:00.000Z",
        "actor": "U0EVE",
        "kind": "declared",
        "text": "Payments failing",
    }
    assert detail["updates"] == []
    empty: dict[str, Any] = {
        "tasks": [],
        "checklists": {},
        "procedures": [],
        "actions": [],
        "postmortem": None,
        "impact": None,
    }
    assert {name: detail[name] for name in empty} == empty


async def test_an_unconfirmed_page_says_that_it_may_have_been_accepted(api: World) -> None:
    api.workspace.faults.break_down("chat.postMessage", times=None, when=lambda call: call.get("channel") == "U0ADA")
    api.workspace.faults.break_down("conversations.history", times=None)
    await api.eve.types("/incident declare P1 Payments failing", "#general")
    await api.passes(seconds=20)

    (page, *_) = (await read(api, "/api/v1/incidents/INC-1"))["pages"]
    assert (page["person"], page["state"], page["may_have_been_accepted"]) == ("ada", "waiting", True)


async def test_pages_are_listed_by_the_time_they_were_due(new_world: NewWorld) -> None:
    delayed = RUNBOOK.replace("who: [ada]}", "who: [ada], via: [slack, {email: 5m}]}")
    mail = {"SMTP_URL": "smtp://localhost:1", "MAIL_FROM": "tocsin@example.com"}
    async with new_world(runbook=delayed, API_TOKEN=TOKEN, **mail) as world:
        await world.eve.types("/incident declare P1 Payments failing", "#general")
        await world.settled()

        detail = await read(world, "/api/v1/incidents/INC-1")

    assert [page["via"] for page in detail["pages"]] == ["slack", "email"]


async def test_a_person_paged_by_hand_has_no_tier(api: World) -> None:
    await api.eve.types("/incident declare P1 Payments failing", "#general")
    await api.settled()
    await api.eve.types("/escalate @cleo we need a decision", api.room())
    await api.settled()

    called = (await read(api, "/api/v1/incidents/INC-1"))["pages"][-1]

    assert (called["person"], called["tier"]) == ("cleo", None)


async def test_an_update_is_listed_in_the_detail(api: World) -> None:
    await api.eve.types("/incident declare P1 Payments failing", "#general")
    await api.settled()
    await api.eve.types("/incident update Rolling back", api.room())
    await api.settled()

    (update,) = (await read(api, "/api/v1/incidents/INC-1"))["updates"]

    assert (update["actor"], update["text"]) == ("U0EVE", "Rolling back")


@pytest.mark.parametrize("ref", ["INC-7", "7", "nonsense", "INC-", "%2e%2e", "INC-99999999999999999999"])
async def test_an_unknown_incident_is_answered_with_404_and_a_reason(api: World, ref: str) -> None:
    async with asking(api, f"/api/v1/incidents/{ref}", headers=BEARER) as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]


async def test_an_unknown_state_is_refused_and_the_error_names_the_valid_one(api: World) -> None:
    async with asking(api, "/api/v1/incidents?state=closed", headers=BEARER) as answer:
        assert answer.status == 400
        assert "open" in (await answer.json())["error"]


# Every response


async def test_every_response_has_the_security_headers(world: World) -> None:
    for path in ("/healthz", "/metrics", "/nowhere"):
        async with asking(world, path) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Server"] == "tocsin"


async def test_a_wrong_method_is_answered_in_json_with_the_allowed_ones(world: World) -> None:
    async with asking(world, "/healthz", method="POST") as answer:
        assert answer.status == 405
        assert "GET" in answer.headers["Allow"]
        assert await answer.json() == {"error": "method not allowed"}


async def test_the_access_log_has_the_path_and_not_the_query(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="bot.doors.web")

    async with asking(world, "/nowhere?token=a-secret"):
        pass

    assert "path=/nowhere status=404" in caplog.text
    assert "a-secret" not in caplog.text


@pytest.mark.parametrize(("size", "status"), [(LARGEST_BODY, 401), (LARGEST_BODY + 1, 413)])
async def test_a_body_of_one_mebibyte_is_read_and_one_byte_more_is_not(
    new_world: NewWorld, size: int, status: int
) -> None:
    async with (
        new_world(transport="http") as world,
        asking(world, "/slack/events", method="POST", data=BytesIO(b"x" * size)) as answer,
    ):
        assert answer.status == status


def _with_audience(channel: str) -> str:
    return f"{RUNBOOK}\naudiences: {{board: {{slack: ['{channel}']}}}}\n"
